const std = @import("std");
const flexilib = @import("flexilib");

/// A panic goes to the server's log, and the client gets a 502.
pub const panic = flexilib.panic;

comptime {
    flexilib.executor(handle);
}

const page =
    \\<!doctype html>
    \\<title>hello</title>
    \\<h1>Hello from Zig</h1>
    \\<p>It says <a href="/hello/ada">hello to Ada</a>, too.</p>
    \\
;

/// The server calls it on any of its threads, on several at once.
fn handle(req: *const flexilib.Request, res: *flexilib.Response) !void {
    const path = req.path();
    if (std.mem.eql(u8, path, "/")) {
        try res.header("content-type", "text/html; charset=utf-8");
        try res.write(page);
    } else if (std.mem.cutPrefix(u8, path, "/hello/")) |name| {
        const language = req.headers.get("accept-language") orelse "";
        const french = std.mem.startsWith(u8, language, "fr");
        try res.print("{s}, {s}\n", .{ if (french) "bonjour" else "hello", name });
    } else if (std.mem.eql(u8, path, "/echo")) {
        try res.write(req.body);
    } else {
        res.status = 404;
        try res.write("not found\n");
    }
}

const call = flexilib.testing.call;

test "shows a page" {
    var answer = try call(handle, .{ .target = "/" });
    defer answer.deinit();
    try std.testing.expectEqual(200, answer.status);
    try std.testing.expectEqualStrings("text/html; charset=utf-8", answer.header("content-type").?);
    try std.testing.expect(std.mem.containsAtLeast(u8, answer.body, 1, "Hello from Zig"));
}

test "greets by name" {
    var answer = try call(handle, .{ .target = "/hello/ada?query=ignored" });
    defer answer.deinit();
    try std.testing.expectEqualStrings("hello, ada\n", answer.body);
}

test "greets in French" {
    var answer = try call(handle, .{ .target = "/hello/ada", .headers = &.{.{ "accept-language", "fr-CH, en" }} });
    defer answer.deinit();
    try std.testing.expectEqualStrings("bonjour, ada\n", answer.body);
}

test "echoes a body" {
    var answer = try call(handle, .{ .method = "POST", .target = "/echo", .body = "a=1" });
    defer answer.deinit();
    try std.testing.expectEqualStrings("a=1", answer.body);
}

test "finds nothing elsewhere" {
    var answer = try call(handle, .{ .target = "/elsewhere" });
    defer answer.deinit();
    try std.testing.expectEqual(404, answer.status);
    try std.testing.expectEqualStrings("not found\n", answer.body);
}
