// Generated from src/definition.ts of @flexilib/abi-headers by `npm run generate`: do not edit.

/// The version of the ABI described here.
pub const abi_version = 1;
/// Level for `host.log`: something failed.
pub const log_error = 0;
/// Level for `host.log`: something is odd, but was dealt with.
pub const log_warning = 1;
/// Level for `host.log`: worth knowing.
pub const log_info = 2;
/// Level for `host.log`: worth knowing when looking for a fault.
pub const log_debug = 3;

/// A header field of a request or a response.
pub const Header = extern struct {
    /// The name, as the client sent it; compare it without case.
    name_ptr: [*]const u8,
    /// Length of the name.
    name_len: usize,
    /// The value, without blanks around it.
    value_ptr: [*]const u8,
    /// Length of the value.
    value_len: usize,
};

/// A request. What it points to stays valid until request_deinit, so a response may point into it.
pub const Request = extern struct {
    /// The raw request target, query included, not decoded.
    target: [*]const u8,
    /// Length of the target.
    target_len: usize,
    /// The method; a NUL byte follows it.
    method: [*]const u8,
    /// Length of the method, without the NUL.
    method_len: usize,
    /// The body; undefined when content_len is 0.
    content: ?[*]const u8,
    /// Length of the body.
    content_len: usize,
    /// The header fields in the order the client sent them, duplicates included.
    headers: ?[*]const Header,
    /// Number of header fields.
    headers_len: usize,
};

/// A response. The server takes its headers except connection, content-length, transfer-encoding, keep-alive,
/// date and trailer, which are its own, and adds `content-type: text/plain` when there is no content-type. An
/// illegal header name, a CR, LF, NUL or other control byte but the tab in a header or in the reason, or a
/// status outside 200 to 999 turns the answer into a 500 and a log line.
pub const Response = extern struct {
    /// The body; undefined when len is 0.
    ptr: ?[*]const u8,
    /// Length of the body.
    len: usize,
    /// The header fields, sent in this order; undefined when headers_len is 0.
    headers: ?[*]const Header,
    /// Number of header fields.
    headers_len: usize,
    /// The status code; 0 means 200.
    status: usize,
    /// The reason phrase; undefined when reason_len is 0, which means the usual phrase.
    reason_ptr: ?[*]const u8,
    /// Length of the reason phrase.
    reason_len: usize,
};

/// What the server offers to a library: flexilib_load hands it over.
pub const Host = extern struct {
    /// The size of this struct in the server. A member that lies beyond it doesn't exist there.
    size: usize,
    /// Takes `len` bytes from the calling thread's request arena. `alignment` is a power of two.
    /// Ownership: The arena owns the memory; nobody needs to free it.
    /// Lifetime: Until the request ends, after request_deinit.
    /// Thread: Only a thread that is inside handle_request or request_deinit.
    /// Failure: NULL when memory is short, or outside of a request.
    alloc: *const fn (len: usize, alignment: usize) callconv(.c) ?[*]u8,
    /// Makes an allocation longer or shorter without moving it. 1: `ptr` now holds `new_len` bytes.
    /// Ownership: As alloc.
    /// Lifetime: As alloc.
    /// Thread: As alloc.
    /// Failure: 0: nothing changed; allocate anew and copy.
    resize: *const fn (ptr: [*]u8, old_len: usize, new_len: usize) callconv(.c) c_int,
    /// A hint: gives the bytes back to the arena when they were its last allocation, else does nothing.
    /// Ownership: `ptr` came from alloc and has `len` bytes.
    /// Lifetime: The bytes must not be used afterwards.
    /// Thread: As alloc.
    /// Failure: None.
    free: *const fn (ptr: [*]u8, len: usize) callconv(.c) void,
    /// Writes a line with the library's name to the server's standard error. `level` is a LOG constant.
    /// Ownership: The message stays yours: it is copied before log returns.
    /// Lifetime: The message is needed only during the call.
    /// Thread: Any thread that is inside a call into the library.
    /// Failure: None: lines may be dropped when nobody reads them.
    log: *const fn (level: usize, message: [*]const u8, len: usize) callconv(.c) void,
    /// Nanoseconds until the current request's deadline; past it the client gets a 504.
    /// Ownership: None.
    /// Lifetime: None.
    /// Thread: Any thread; it answers for the request that the calling thread is in.
    /// Failure: 0 past the deadline; the largest value outside of a request.
    remaining_ns: *const fn () callconv(.c) u64,
    /// Says that this build won't serve, and why. The build before it goes on serving.
    /// Ownership: The message stays yours: it is copied before refuse returns.
    /// Lifetime: The message is needed only during the call.
    /// Thread: Only inside flexilib_load.
    /// Failure: Elsewhere it does nothing.
    refuse: *const fn (message: [*]const u8, len: usize) callconv(.c) void,
};

/// Answers a request.
/// Ownership: The server owns the request; the library owns the response and what it points to. The server
/// reads it only.
/// Lifetime: Both stay valid and unchanged until request_deinit returns.
/// Thread: Any thread of the server, several at once.
/// Failure: NULL: the client gets a 500. A crash: 502. Past the deadline: 504.
pub const HandleRequest = fn (request: *Request) callconv(.c) ?*Response;

/// Ends the request: the response was sent or copied, and its memory may go.
/// Ownership: The library takes its response back.
/// Lifetime: When it has returned, the request and the arena are gone.
/// Thread: On handle_request's thread, after it, also when it returned NULL; never after a crash.
/// Failure: None.
pub const RequestDeinit = fn () callconv(.c) void;

/// Only for libraries made for the original's interface: hands over the arena as a `std.mem.Allocator`. Works
/// with Zig up to 0.13 in any mode and with 0.14 to 0.16 in release modes. New code uses flexilib_load.
/// Ownership: The server owns the allocator; what it allocates goes when the request ends.
/// Lifetime: Until request_deinit returns.
/// Thread: On handle_request's thread, before each call of it.
/// Failure: None.
pub const ZigInit = fn (allocator: *const anyopaque) callconv(.c) void;

/// Returns the ABI_VERSION that the library was compiled with.
/// Ownership: None.
/// Lifetime: None.
/// Thread: On a native thread, before flexilib_load.
/// Failure: A version that the server does not know: the library is not loaded, the build before it goes on.
pub const AbiVersion = fn () callconv(.c) u32;

/// Called once per load, before the first request. The place to open what all requests share.
/// Ownership: The server owns the table.
/// Lifetime: The table is valid until flexilib_unload has returned.
/// Thread: On a native thread, never on the server's event loop, with nothing else inside the library.
/// Failure: Release what was opened and call host->refuse: this build is closed, without flexilib_unload, and
/// the build before it goes on. A crash refuses it too.
pub const Load = fn (host: *const Host) callconv(.c) void;

/// Called once, after the last request: end your threads, close what flexilib_load opened.
/// Ownership: Everything that the library holds is its own to release.
/// Lifetime: When it has returned, the library is unmapped.
/// Thread: On a native thread, with nothing else inside the library.
/// Failure: None. A thread left running would run unmapped code.
pub const Unload = fn () callconv(.c) void;
