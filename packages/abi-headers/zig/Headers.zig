//! The header fields of a request, as the client sent them: order, case and duplicates.
const std = @import("std");
const abi = @import("abi.zig");
const Headers = @This();

/// The slices point into the request.
pub const Field = struct { name: []const u8, value: []const u8 };

items: []const abi.Header,

/// The value of the first field of that name, whatever its case; null when there is none.
pub fn get(headers: Headers, name: []const u8) ?[]const u8 {
    for (headers.items) |item| {
        if (std.ascii.eqlIgnoreCase(item.name_ptr[0..item.name_len], name)) return item.value_ptr[0..item.value_len];
    }
    return null;
}

pub fn count(headers: Headers) usize {
    return headers.items.len;
}

/// `while (iterator.next()) |field| …`
pub fn iterator(headers: Headers) Iterator {
    return .{ .rest = headers.items };
}

pub const Iterator = struct {
    rest: []const abi.Header,

    pub fn next(it: *Iterator) ?Field {
        if (it.rest.len == 0) return null;
        const item = it.rest[0];
        it.rest = it.rest[1..];
        return .{ .name = item.name_ptr[0..item.name_len], .value = item.value_ptr[0..item.value_len] };
    }
};
