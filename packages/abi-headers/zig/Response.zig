//! A response under construction. All of its memory is the request's arena.
const std = @import("std");
const abi = @import("abi.zig");
const Response = @This();

/// 0 means 200, or 500 when the handler returns an error.
status: u16 = 0,
/// The reason phrase; empty means the usual one.
reason: []const u8 = "",
headers: std.ArrayList(abi.Header) = .empty,
body: std.Io.Writer.Allocating,
allocator: std.mem.Allocator,

pub fn init(allocator: std.mem.Allocator) Response {
    return .{ .body = .init(allocator), .allocator = allocator };
}

/// Adds a header field. Name and value are not copied: they must be constants, parts of the request or memory
/// of the request's allocator.
pub fn header(response: *Response, name: []const u8, value: []const u8) error{OutOfMemory}!void {
    try response.headers.append(response.allocator, .{
        .name_ptr = name.ptr,
        .name_len = name.len,
        .value_ptr = value.ptr,
        .value_len = value.len,
    });
}

/// Appends to the body; so do `write` and `print`. Fails only when memory is short.
pub fn writer(response: *Response) *std.Io.Writer {
    return &response.body.writer;
}

pub fn write(response: *Response, bytes: []const u8) std.Io.Writer.Error!void {
    try response.body.writer.writeAll(bytes);
}

pub fn print(response: *Response, comptime format: []const u8, arguments: anytype) std.Io.Writer.Error!void {
    try response.body.writer.print(format, arguments);
}

/// What crosses the boundary; it points into this response's memory.
pub fn toAbi(response: *Response) abi.Response {
    const body = response.body.written();
    return .{
        .ptr = body.ptr,
        .len = body.len,
        .headers = response.headers.items.ptr,
        .headers_len = response.headers.items.len,
        .status = response.status,
        .reason_ptr = response.reason.ptr,
        .reason_len = response.reason.len,
    };
}
