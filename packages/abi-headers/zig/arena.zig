//! The request's arena as a `std.mem.Allocator`, over the C functions of the host.
const std = @import("std");
const abi = @import("abi.zig");
const Alignment = std.mem.Alignment;

/// Owns nothing; valid while the calling thread is inside a request. Allocations go when the request ends.
pub fn allocator(host: *const abi.Host) std.mem.Allocator {
    return .{ .ptr = @constCast(host), .vtable = &vtable };
}

const vtable: std.mem.Allocator.VTable = .{ .alloc = alloc, .resize = resize, .remap = remap, .free = free };

fn of(context: *anyopaque) *const abi.Host {
    return @ptrCast(@alignCast(context));
}

fn alloc(context: *anyopaque, len: usize, alignment: Alignment, _: usize) ?[*]u8 {
    return of(context).alloc(len, alignment.toByteUnits());
}

fn resize(context: *anyopaque, memory: []u8, _: Alignment, new_len: usize, _: usize) bool {
    return of(context).resize(memory.ptr, memory.len, new_len) != 0;
}

fn remap(context: *anyopaque, memory: []u8, _: Alignment, new_len: usize, _: usize) ?[*]u8 {
    return if (of(context).resize(memory.ptr, memory.len, new_len) != 0) memory.ptr else null;
}

fn free(context: *anyopaque, memory: []u8, _: Alignment, _: usize) void {
    of(context).free(memory.ptr, memory.len);
}
