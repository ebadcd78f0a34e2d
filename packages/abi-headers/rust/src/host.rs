//! What the server offers, from flexilib_load to flexilib_unload.

use crate::abi;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

static HOST: AtomicPtr<abi::Host> = AtomicPtr::new(ptr::null_mut());

pub(crate) fn set(host: *const abi::Host) {
    HOST.store(host.cast_mut(), Ordering::Release);
}

fn get() -> Option<&'static abi::Host> {
    // SAFETY: the server keeps the table valid until flexilib_unload has returned, which sets it to null.
    unsafe { HOST.load(Ordering::Acquire).as_ref() }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Level {
    Error = abi::LOG_ERROR,
    Warning = abi::LOG_WARNING,
    Info = abi::LOG_INFO,
    Debug = abi::LOG_DEBUG,
}

/// Writes a line with the library's name to the server's log, or to standard error without a server.
/// Only for threads that are inside a call into the library.
pub fn log(level: Level, message: &str) {
    match get() {
        // SAFETY: log copies the message before it returns.
        Some(host) => unsafe { (host.log)(level as usize, message.as_ptr(), message.len()) },
        None => eprintln!("{message}"),
    }
}

/// The time until the deadline of the request that the calling thread is in; `None` outside of a request.
pub fn remaining() -> Option<Duration> {
    // SAFETY: the function has no preconditions.
    let nanoseconds = unsafe { (get()?.remaining_ns)() };
    (nanoseconds != u64::MAX).then(|| Duration::from_nanos(nanoseconds))
}

pub(crate) fn refuse(message: &str) {
    if let Some(host) = get() {
        // SAFETY: refuse copies the message before it returns.
        unsafe { (host.refuse)(message.as_ptr(), message.len()) }
    }
}
