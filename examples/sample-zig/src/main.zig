//! Shows what an executor can do; its answers depend on the request's headers. See ../README.md.
const std = @import("std");
const flexilib = @import("flexilib");

pub const panic = flexilib.panic;

comptime {
    flexilib.executor(handle);
}

fn handle(req: *const flexilib.Request, res: *flexilib.Response) !void {
    const headers = req.headers;
    try res.header("X-custom-foo", "bar");

    if (headers.get("host")) |host| {
        if (std.mem.startsWith(u8, host, "iam")) return res.write("iam response");
    }
    if (headers.get("x-log-this")) |text| try res.write(text);
    if (headers.get("x-status")) |status| res.status = std.fmt.parseInt(u16, status, 10) catch 500;
    // What was written so far is sent, with the status that was set or 500.
    if (headers.get("x-throw") != null) return error.Thrown;

    if (headers.get("x-slow")) |time| {
        sleep(std.fmt.parseInt(u32, time, 10) catch 1000);
        return res.write("i am slow\n\n");
    }
    try res.print(" {d}", .{headers.count()});
}

fn sleep(milliseconds: u32) void {
    const time: std.c.timespec = .{
        .sec = milliseconds / std.time.ms_per_s,
        .nsec = milliseconds % std.time.ms_per_s * std.time.ns_per_ms,
    };
    _ = std.c.nanosleep(&time, null);
}
