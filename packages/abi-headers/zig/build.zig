//! Offers the module `flexilib` to executors that name this package in their build.zig.zon.
const std = @import("std");

pub fn build(b: *std.Build) void {
    _ = b.addModule("flexilib", .{ .root_source_file = b.path("flexilib.zig") });
}
