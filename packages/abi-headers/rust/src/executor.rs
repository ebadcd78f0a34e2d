//! What `handler!` exports. Nothing unwinds across the boundary.

use crate::abi;
use crate::host::{self, Level, log};
use crate::{IntoResponse, Request, Response};
use std::any::Any;
use std::cell::Cell;
use std::fmt::Display;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::ptr;

/// A response and what the server reads of it.
struct Answer {
    raw: abi::Response,
    _headers: Vec<abi::Header>,
    _response: Response,
}

thread_local! {
    /// The answer that this thread has out. A bare pointer: a thread-local that needs Drop would register a
    /// destructor, and the library could not be unloaded.
    static ANSWER: Cell<*mut Answer> = const { Cell::new(ptr::null_mut()) };

    /// Whether this thread is inside a call into the library, and so may log.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

fn inside<R>(function: impl FnOnce() -> R) -> std::thread::Result<R> {
    INSIDE.set(true);
    let result = catch_unwind(AssertUnwindSafe(function));
    INSIDE.set(false);
    result
}

/// # Safety
/// `request` must be valid and unchanged until `deinit`.
pub unsafe fn handle<R: IntoResponse>(
    request: *const abi::Request,
    handler: impl FnOnce(&Request) -> R,
) -> *const abi::Response {
    // SAFETY: as promised by the caller.
    let request = unsafe { Request::from_raw(request) };
    // The panic hook has logged it already.
    let response =
        inside(|| handler(request).into_response()).unwrap_or_else(|_| Response::default().status(500));
    let answer = Box::into_raw(Box::new(Answer::new(response)));
    keep(answer);
    // SAFETY: the box stays where it is until deinit.
    unsafe { &raw const (*answer).raw }
}

/// Frees the answer that this thread has out.
pub fn deinit() {
    keep(ptr::null_mut());
}

/// Also frees the answer before: its request_deinit is missing when it crashed.
fn keep(answer: *mut Answer) {
    let before = ANSWER.replace(answer);
    if !before.is_null() {
        // SAFETY: only `handle` stores pointers here, and each leaves once.
        drop(unsafe { Box::from_raw(before) });
    }
}

impl Answer {
    fn new(response: Response) -> Answer {
        let headers: Vec<abi::Header> = response
            .headers
            .iter()
            .map(|(name, value)| abi::Header {
                name_ptr: name.as_ptr(),
                name_len: name.len(),
                value_ptr: value.as_ptr(),
                value_len: value.len(),
            })
            .collect();
        // Moving the response moves none of the bytes that these point to.
        let raw = abi::Response {
            ptr: response.body.0.as_ptr(),
            len: response.body.0.len(),
            headers: headers.as_ptr(),
            headers_len: headers.len(),
            status: response.status.into(),
            reason_ptr: response.reason.as_ptr(),
            reason_len: response.reason.len(),
        };
        Answer { raw, _headers: headers, _response: response }
    }
}

/// `load` may refuse the build, by an error or by a panic; no unload follows then.
pub fn load<E: Display>(table: *const abi::Host, load: impl FnOnce() -> Result<(), E>) {
    host::set(table);
    log_panics();
    match inside(load) {
        Ok(Ok(())) => return,
        Ok(Err(error)) => host::refuse(&error.to_string()),
        Err(panic) => host::refuse(message(&*panic)),
    }
    release();
}

pub fn unload(unload: impl FnOnce()) {
    // The panic hook has logged it already.
    let _ = inside(unload);
    release();
}

/// Takes back what `load` set up.
fn release() {
    drop(panic::take_hook());
    host::set(ptr::null());
}

/// The hook is this library's own, since a cdylib has its own copy of std. std's default hook would register
/// a thread-local destructor, and the library could not be unloaded after its first panic.
fn log_panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| match info.location() {
        Some(place) if INSIDE.get() => {
            log(Level::Error, &format!("panicked at {place}: {}", message(info.payload())));
        }
        _ => before(info),
    }));
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

/// Exports a `fn(&Request) -> impl IntoResponse` as this library's executor. `load`, a `fn() -> Result<(), E>`,
/// runs once before the first request; its error refuses the build, and the one before it goes on serving.
/// `unload` runs once after the last: end your threads there.
///
/// `handler!(handle);` or `handler!(handle, load = open, unload = close);`
#[macro_export]
macro_rules! handler {
    ($handle:path) => {
        $crate::handler!($handle, load = || Ok::<(), &str>(()), unload = || ());
    };
    ($handle:path, load = $load:expr, unload = $unload:expr) => {
        const _: () = {
            use $crate::{abi, executor};

            #[unsafe(no_mangle)]
            unsafe extern "C" fn handle_request(request: *mut abi::Request) -> *mut abi::Response {
                unsafe { executor::handle(request, $handle) }.cast_mut()
            }

            #[unsafe(no_mangle)]
            extern "C" fn request_deinit() {
                executor::deinit();
            }

            #[unsafe(no_mangle)]
            extern "C" fn flexilib_abi_version() -> u32 {
                abi::ABI_VERSION
            }

            #[unsafe(no_mangle)]
            extern "C" fn flexilib_load(host: *const abi::Host) {
                executor::load(host, $load);
            }

            #[unsafe(no_mangle)]
            extern "C" fn flexilib_unload() {
                executor::unload($unload);
            }
        };
    };
}

/// Promises that the handler never blocks, so that the server may call it on its event loop.
#[macro_export]
macro_rules! nonblocking {
    () => {
        const _: () = {
            #[unsafe(no_mangle)]
            #[allow(non_upper_case_globals)]
            static flexilib_nonblocking: u8 = 1;
        };
    };
}
