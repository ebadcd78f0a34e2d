//! A request. Its slices stay valid until the response was sent, so a response may point into them.
const std = @import("std");
const abi = @import("abi.zig");
const Headers = @import("Headers.zig");
const Request = @This();

/// The raw request target, query included, not decoded.
target: []const u8,
method: []const u8,
/// Empty when there is none.
body: []const u8,
headers: Headers,
/// The request's arena: nothing needs to be freed, all of it goes when the request ends. It belongs to the
/// thread that called the handler.
allocator: std.mem.Allocator,

pub fn init(raw: *const abi.Request, allocator: std.mem.Allocator) Request {
    return .{
        .target = raw.target[0..raw.target_len],
        .method = raw.method[0..raw.method_len],
        .body = if (raw.content_len == 0) "" else raw.content.?[0..raw.content_len],
        .headers = .{ .items = if (raw.headers_len == 0) &.{} else raw.headers.?[0..raw.headers_len] },
        .allocator = allocator,
    };
}

/// The target up to its query.
pub fn path(request: Request) []const u8 {
    return request.target[0 .. std.mem.findScalar(u8, request.target, '?') orelse request.target.len];
}

/// What follows the first `?` of the target; null when there is none.
pub fn query(request: Request) ?[]const u8 {
    const mark = std.mem.findScalar(u8, request.target, '?') orelse return null;
    return request.target[mark + 1 ..];
}
