//! Write an executor for FlexiLib:
//!
//!     const flexilib = @import("flexilib");
//!
//!     pub const panic = flexilib.panic;
//!
//!     comptime {
//!         flexilib.executor(handle);
//!     }
//!
//!     fn handle(req: *const flexilib.Request, res: *flexilib.Response) !void {
//!         try res.print("hello, {s}\n", .{req.path()});
//!     }
//!
//! `handle` runs on any thread of the server, on several at once. An error that it returns becomes a line in the
//! log and a 500, unless it had set a status; what it had written until then is sent.
const std = @import("std");
const arena = @import("arena.zig");

pub const abi = @import("abi.zig");
pub const Headers = @import("Headers.zig");
pub const Request = @import("Request.zig");
pub const Response = @import("Response.zig");
pub const testing = @import("testing.zig");

/// From flexilib_load to flexilib_unload.
var host: ?*const abi.Host = null;

pub const Options = struct {
    /// Runs once, before the first request. An error refuses this build, and the one before it goes on serving;
    /// `unload` does not run then.
    load: ?*const fn () anyerror!void = null,
    /// Runs once, after the last request: end your threads, free what `load` made.
    unload: ?*const fn () void = null,
    /// A promise that the handler never blocks, so that the server may call it on its event loop.
    nonblocking: bool = false,
};

/// Exports `handle`, a `fn (*const Request, *Response) !void`, as this library's executor.
pub fn executor(comptime handle: anytype) void {
    executorWith(handle, .{});
}

pub fn executorWith(comptime handle: anytype, comptime options: Options) void {
    const exported = struct {
        fn handleRequest(raw: *abi.Request) callconv(.c) ?*abi.Response {
            const allocator = arena.allocator(host orelse return null);
            const answer = allocator.create(abi.Response) catch return null;
            const request: Request = .init(raw, allocator);
            var response: Response = .init(allocator);
            const outcome: anyerror!void = handle(&request, &response);
            outcome catch |err| {
                log(abi.log_error, "the handler returned error.{s}", .{@errorName(err)});
                if (response.status == 0) response.status = 500;
            };
            answer.* = response.toAbi();
            return answer;
        }

        fn abiVersion() callconv(.c) u32 {
            return abi.abi_version;
        }

        fn load(table: *const abi.Host) callconv(.c) void {
            host = table;
            const function = options.load orelse return;
            function() catch |err| {
                const reason = @errorName(err);
                table.refuse(reason.ptr, reason.len);
            };
        }

        fn unload() callconv(.c) void {
            if (options.unload) |function| function();
            host = null;
        }

        const nonblocking: u8 = 1;
    };
    @export(@as(*const abi.HandleRequest, &exported.handleRequest), .{ .name = "handle_request" });
    @export(@as(*const abi.AbiVersion, &exported.abiVersion), .{ .name = "flexilib_abi_version" });
    @export(@as(*const abi.Load, &exported.load), .{ .name = "flexilib_load" });
    @export(@as(*const abi.Unload, &exported.unload), .{ .name = "flexilib_unload" });
    if (options.nonblocking) @export(&exported.nonblocking, .{ .name = "flexilib_nonblocking" });
}

/// Nanoseconds until the deadline of the request that the calling thread is in.
pub fn remainingNanoseconds() u64 {
    return if (host) |table| table.remaining_ns() else std.math.maxInt(u64);
}

/// Sends `std.log` to the server's log: `pub const std_options: std.Options = .{ .logFn = flexilib.logFn };`
/// Only for threads that are inside a call into the library.
pub fn logFn(
    comptime level: std.log.Level,
    comptime scope: @EnumLiteral(),
    comptime format: []const u8,
    arguments: anytype,
) void {
    const prefix = if (scope == .default) "" else "(" ++ @tagName(scope) ++ ") ";
    log(switch (level) {
        .err => abi.log_error,
        .warn => abi.log_warning,
        .info => abi.log_info,
        .debug => abi.log_debug,
    }, prefix ++ format, arguments);
}

/// Cuts a message at 1 KiB: no memory is needed to log.
fn log(level: usize, comptime format: []const u8, arguments: anytype) void {
    const table = host orelse return;
    var buffer: [1024]u8 = undefined;
    var writer: std.Io.Writer = .fixed(&buffer);
    writer.print(format, arguments) catch {};
    const message = writer.buffered();
    table.log(level, message.ptr, message.len);
}

/// Logs the message and traps: the server answers 502 and goes on. Declare it in the root file.
pub const panic = std.debug.FullPanic(struct {
    fn panic(message: []const u8, _: ?usize) noreturn {
        log(abi.log_error, "panic: {s}", .{message});
        @trap();
    }
}.panic);
