// Generated from src/definition.ts of @flexilib/abi-headers by `npm run generate`: do not edit.
//! The executor ABI as it crosses the boundary: raw pointers and C functions.

use std::ffi::{c_int, c_void};

/// The version of the ABI described here.
pub const ABI_VERSION: u32 = 1;
/// Level for `host.log`: something failed.
pub const LOG_ERROR: usize = 0;
/// Level for `host.log`: something is odd, but was dealt with.
pub const LOG_WARNING: usize = 1;
/// Level for `host.log`: worth knowing.
pub const LOG_INFO: usize = 2;
/// Level for `host.log`: worth knowing when looking for a fault.
pub const LOG_DEBUG: usize = 3;

/// A header field of a request or a response.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Header {
    /// The name, as the client sent it; compare it without case.
    pub name_ptr: *const u8,
    /// Length of the name.
    pub name_len: usize,
    /// The value, without blanks around it.
    pub value_ptr: *const u8,
    /// Length of the value.
    pub value_len: usize,
}

/// A request. What it points to stays valid until request_deinit, so a response may point into it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Request {
    /// The raw request target, query included, not decoded.
    pub target: *const u8,
    /// Length of the target.
    pub target_len: usize,
    /// The method; a NUL byte follows it.
    pub method: *const u8,
    /// Length of the method, without the NUL.
    pub method_len: usize,
    /// The body; undefined when content_len is 0.
    pub content: *const u8,
    /// Length of the body.
    pub content_len: usize,
    /// The header fields in the order the client sent them, duplicates included.
    pub headers: *const Header,
    /// Number of header fields.
    pub headers_len: usize,
}

/// A response. The server takes its headers except connection, content-length, transfer-encoding, keep-alive,
/// date and trailer, which are its own, and adds `content-type: text/plain` when there is no content-type. An
/// illegal header name, a CR, LF, NUL or other control byte but the tab in a header or in the reason, or a
/// status outside 200 to 999 turns the answer into a 500 and a log line.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Response {
    /// The body; undefined when len is 0.
    pub ptr: *const u8,
    /// Length of the body.
    pub len: usize,
    /// The header fields, sent in this order; undefined when headers_len is 0.
    pub headers: *const Header,
    /// Number of header fields.
    pub headers_len: usize,
    /// The status code; 0 means 200.
    pub status: usize,
    /// The reason phrase; undefined when reason_len is 0, which means the usual phrase.
    pub reason_ptr: *const u8,
    /// Length of the reason phrase.
    pub reason_len: usize,
}

/// What the server offers to a library: flexilib_load hands it over.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Host {
    /// The size of this struct in the server. A member that lies beyond it doesn't exist there.
    pub size: usize,
    /// Takes `len` bytes from the calling thread's request arena. `alignment` is a power of two.
    ///
    /// Ownership: The arena owns the memory; nobody needs to free it.
    ///
    /// Lifetime: Until the request ends, after request_deinit.
    ///
    /// Thread: Only a thread that is inside handle_request or request_deinit.
    ///
    /// Failure: NULL when memory is short, or outside of a request.
    pub alloc: unsafe extern "C" fn(len: usize, alignment: usize) -> *mut u8,
    /// Makes an allocation longer or shorter without moving it. 1: `ptr` now holds `new_len` bytes.
    ///
    /// Ownership: As alloc.
    ///
    /// Lifetime: As alloc.
    ///
    /// Thread: As alloc.
    ///
    /// Failure: 0: nothing changed; allocate anew and copy.
    pub resize: unsafe extern "C" fn(ptr: *mut u8, old_len: usize, new_len: usize) -> c_int,
    /// A hint: gives the bytes back to the arena when they were its last allocation, else does nothing.
    ///
    /// Ownership: `ptr` came from alloc and has `len` bytes.
    ///
    /// Lifetime: The bytes must not be used afterwards.
    ///
    /// Thread: As alloc.
    ///
    /// Failure: None.
    pub free: unsafe extern "C" fn(ptr: *mut u8, len: usize),
    /// Writes a line with the library's name to the server's standard error. `level` is a LOG constant.
    ///
    /// Ownership: The message stays yours: it is copied before log returns.
    ///
    /// Lifetime: The message is needed only during the call.
    ///
    /// Thread: Any thread that is inside a call into the library.
    ///
    /// Failure: None: lines may be dropped when nobody reads them.
    pub log: unsafe extern "C" fn(level: usize, message: *const u8, len: usize),
    /// Nanoseconds until the current request's deadline; past it the client gets a 504.
    ///
    /// Ownership: None.
    ///
    /// Lifetime: None.
    ///
    /// Thread: Any thread; it answers for the request that the calling thread is in.
    ///
    /// Failure: 0 past the deadline; the largest value outside of a request.
    pub remaining_ns: unsafe extern "C" fn() -> u64,
    /// Says that this build won't serve, and why. The build before it goes on serving.
    ///
    /// Ownership: The message stays yours: it is copied before refuse returns.
    ///
    /// Lifetime: The message is needed only during the call.
    ///
    /// Thread: Only inside flexilib_load.
    ///
    /// Failure: Elsewhere it does nothing.
    pub refuse: unsafe extern "C" fn(message: *const u8, len: usize),
}

/// Answers a request.
///
/// Ownership: The server owns the request; the library owns the response and what it points to. The server
/// reads it only.
///
/// Lifetime: Both stay valid and unchanged until request_deinit returns.
///
/// Thread: Any thread of the server, several at once.
///
/// Failure: NULL: the client gets a 500. A crash: 502. Past the deadline: 504.
pub type HandleRequest = unsafe extern "C" fn(request: *mut Request) -> *mut Response;

/// Ends the request: the response was sent or copied, and its memory may go.
///
/// Ownership: The library takes its response back.
///
/// Lifetime: When it has returned, the request and the arena are gone.
///
/// Thread: On handle_request's thread, after it, also when it returned NULL; never after a crash.
///
/// Failure: None.
pub type RequestDeinit = unsafe extern "C" fn();

/// Only for libraries made for the original's interface: hands over the arena as a `std.mem.Allocator`. Works
/// with Zig up to 0.13 in any mode and with 0.14 to 0.16 in release modes. New code uses flexilib_load.
///
/// Ownership: The server owns the allocator; what it allocates goes when the request ends.
///
/// Lifetime: Until request_deinit returns.
///
/// Thread: On handle_request's thread, before each call of it.
///
/// Failure: None.
pub type ZigInit = unsafe extern "C" fn(allocator: *mut c_void);

/// Returns the ABI_VERSION that the library was compiled with.
///
/// Ownership: None.
///
/// Lifetime: None.
///
/// Thread: On a native thread, before flexilib_load.
///
/// Failure: A version that the server does not know: the library is not loaded, the build before it goes on.
pub type AbiVersion = unsafe extern "C" fn() -> u32;

/// Called once per load, before the first request. The place to open what all requests share.
///
/// Ownership: The server owns the table.
///
/// Lifetime: The table is valid until flexilib_unload has returned.
///
/// Thread: On a native thread, never on the server's event loop, with nothing else inside the library.
///
/// Failure: Release what was opened and call host->refuse: this build is closed, without flexilib_unload, and
/// the build before it goes on. A crash refuses it too.
pub type Load = unsafe extern "C" fn(host: *const Host);

/// Called once, after the last request: end your threads, close what flexilib_load opened.
///
/// Ownership: Everything that the library holds is its own to release.
///
/// Lifetime: When it has returned, the library is unmapped.
///
/// Thread: On a native thread, with nothing else inside the library.
///
/// Failure: None. A thread left running would run unmapped code.
pub type Unload = unsafe extern "C" fn();
