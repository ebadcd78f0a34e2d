//! Tests of a handler, without a server, for `zig build test`:
//!
//!     test "says hello" {
//!         var answer = try flexilib.testing.call(handle, .{ .target = "/hello/ada" });
//!         defer answer.deinit();
//!         try std.testing.expectEqual(200, answer.status);
//!         try std.testing.expectEqualStrings("hello, ada\n", answer.body);
//!     }
//!
//! The request and its arena lie in `std.testing.allocator`, which overwrites them when the call is over: a handler
//! that keeps something of them shows. What `load` and `unload` do is called by tests themselves.
const std = @import("std");
const abi = @import("abi.zig");
const Headers = @import("Headers.zig");
const Request = @import("Request.zig");
const Response = @import("Response.zig");

pub const Call = struct {
    method: []const u8 = "GET",
    target: []const u8 = "/",
    /// `&.{.{ "x-name", "ada" }}`
    headers: []const [2][]const u8 = &.{},
    body: []const u8 = "",
};

/// What the client would get, without the fields that are the server's own.
pub const Answer = struct {
    status: u16,
    /// Empty: the usual phrase.
    reason: []const u8,
    headers: Headers,
    body: []const u8,
    arena: std.heap.ArenaAllocator,

    /// Call it when the test ends; the answer's slices end with it.
    pub fn deinit(answer: *Answer) void {
        answer.arena.deinit();
    }

    /// The value of the first field of that name, whatever its case; null when there is none.
    pub fn header(answer: Answer, name: []const u8) ?[]const u8 {
        return answer.headers.get(name);
    }
};

/// Calls `handle`, a `fn (*const Request, *Response) !void`. An error of the handler that had set no status, which the
/// server would answer with a 500, comes back as it is; with a status it is an answer. `error.ResponseRefused`, with the
/// reason on standard error: the server would refuse the response, because of an illegal header say.
pub fn call(comptime handle: anytype, what: Call) !Answer {
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    const allocator = arena.allocator();
    const raw = try rawRequest(allocator, what);
    const request: Request = .init(&raw, allocator);
    var response: Response = .init(allocator);
    const outcome: anyerror!void = handle(&request, &response);
    outcome catch |err| if (response.status == 0) return err;
    if (problem(response)) |refusal| {
        std.debug.print("{s} {s}: the response would be refused, with a 500: {s}", .{ what.method, what.target, refusal.rule });
        if (refusal.field) |field| {
            std.debug.print(": \"{f}\": \"{f}\"", .{ std.zig.fmtString(field.name), std.zig.fmtString(field.value) });
        }
        std.debug.print("\n", .{});
        return error.ResponseRefused;
    }
    return toAnswer(response, std.mem.eql(u8, what.method, "HEAD"));
}

fn rawRequest(allocator: std.mem.Allocator, what: Call) !abi.Request {
    const headers = try allocator.alloc(abi.Header, what.headers.len);
    for (headers, what.headers) |*to, from| to.* = try rawHeader(allocator, from[0], from[1]);
    const target = try allocator.dupe(u8, what.target);
    const method = try allocator.dupeSentinel(u8, what.method, 0);
    const body = try allocator.dupe(u8, what.body);
    return .{
        .target = target.ptr,
        .target_len = target.len,
        .method = method.ptr,
        .method_len = method.len,
        .content = body.ptr,
        .content_len = body.len,
        .headers = headers.ptr,
        .headers_len = headers.len,
    };
}

fn rawHeader(allocator: std.mem.Allocator, name: []const u8, value: []const u8) !abi.Header {
    return .{
        .name_ptr = (try allocator.dupe(u8, name)).ptr,
        .name_len = name.len,
        .value_ptr = (try allocator.dupe(u8, value)).ptr,
        .value_len = value.len,
    };
}

/// A copy that outlives the request.
fn toAnswer(response: Response, head: bool) !Answer {
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    errdefer arena.deinit();
    const allocator = arena.allocator();
    const status = if (response.status == 0) 200 else response.status;
    const no_content = status == 204 or status == 304;
    var headers: std.ArrayList(abi.Header) = .empty;
    var typed = no_content;
    var fields = (Headers{ .items = response.headers.items }).iterator();
    while (fields.next()) |field| {
        if (isTheServers(field.name)) continue;
        typed = typed or std.ascii.eqlIgnoreCase(field.name, "content-type");
        try headers.append(allocator, try rawHeader(allocator, field.name, field.value));
    }
    if (!typed) try headers.append(allocator, try rawHeader(allocator, "content-type", "text/plain"));
    var body = response.body;
    return .{
        .status = status,
        .reason = try allocator.dupe(u8, response.reason),
        .headers = .{ .items = headers.items },
        .body = if (no_content or head) "" else try allocator.dupe(u8, body.written()),
        .arena = arena, // last: it moves, and nothing may be allocated from where it was
    };
}

fn isTheServers(name: []const u8) bool {
    for ([_][]const u8{ "connection", "content-length", "transfer-encoding", "keep-alive", "date", "trailer" }) |own| {
        if (std.ascii.eqlIgnoreCase(name, own)) return true;
    }
    return false;
}

const Problem = struct { rule: []const u8, field: ?Headers.Field = null };

/// Why the server would refuse the response; null when it wouldn't.
fn problem(response: Response) ?Problem {
    if (response.status != 0 and (response.status < 200 or response.status > 999)) {
        return .{ .rule = "its status is not within 200 to 999" };
    }
    if (response.reason.len > 512 or !isValue(response.reason)) {
        return .{ .rule = "its reason phrase contains a control byte or is longer than 512 bytes" };
    }
    if (response.headers.items.len > 1000) return .{ .rule = "it has more than 1000 headers" };
    var body = response.body;
    if (body.written().len > 1 << 30) return .{ .rule = "its body is larger than 1 GiB" };
    var size: usize = 600; // more than the status line and the server's own fields
    var fields = (Headers{ .items = response.headers.items }).iterator();
    while (fields.next()) |field| {
        size += field.name.len + field.value.len + 4;
        if (size > 65536) return .{ .rule = "its headers are larger than 64 KiB" };
        if (!isToken(field.name)) return .{ .rule = "a header has an illegal name", .field = field };
        if (!isValue(field.value)) {
            return .{ .rule = "a header value contains CR, LF, NUL or another control byte", .field = field };
        }
    }
    return null;
}

/// RFC 9110 5.6.2
fn isToken(text: []const u8) bool {
    for (text) |c| {
        if (!std.ascii.isAlphanumeric(c) and std.mem.findScalar(u8, "!#$%&'*+-.^_`|~", c) == null) return false;
    }
    return text.len > 0;
}

/// RFC 9110 5.5: no control byte but the tab.
fn isValue(text: []const u8) bool {
    for (text) |c| {
        if (std.ascii.isControl(c) and c != '\t') return false;
    }
    return true;
}
