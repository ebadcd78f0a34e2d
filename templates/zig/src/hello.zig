const flexilib = @import("flexilib");

/// A panic goes to the server's log, and the client gets a 502.
pub const panic = flexilib.panic;

comptime {
    flexilib.executor(handle);
}

fn handle(req: *const flexilib.Request, res: *flexilib.Response) !void {
    try res.header("x-language", "Zig");
    try res.print("hello from Zig, {s}\n", .{req.path()});
}
