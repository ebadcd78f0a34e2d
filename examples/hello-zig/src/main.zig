const flexilib = @import("flexilib");

pub const panic = flexilib.panic;

comptime {
    flexilib.executor(handle);
}

fn handle(req: *const flexilib.Request, res: *flexilib.Response) !void {
    try res.header("x-language", "Zig");
    try res.header("x-method", req.method);
    try res.print("hello from Zig, {s}\n", .{req.headers.get("x-name") orelse req.path()});
}
