const std = @import("std");

pub fn build(b: *std.Build) void {
    const target = b.standardTargetOptions(.{ .default_target = .{ .cpu_model = .baseline } });
    const optimize = b.standardOptimizeOption(.{ .preferred_optimize_mode = .ReleaseSafe });
    const flexilib = b.dependency("flexilib", .{}).module("flexilib");

    const library = b.addLibrary(.{
        .name = "hello_zig",
        .linkage = .dynamic,
        .root_module = b.createModule(.{
            .root_source_file = b.path("src/main.zig"),
            .target = target,
            .optimize = optimize,
            .link_libc = true,
            .imports = &.{.{ .name = "flexilib", .module = flexilib }},
        }),
    });
    // Zig's sanitizer for C code would add 40 exported symbols.
    library.bundle_ubsan_rt = false;
    // To dist/libhello_zig.so instead of dist/lib/libhello_zig.so.
    const install = b.addInstallArtifact(library, .{ .dest_dir = .{ .override = .prefix } });
    b.getInstallStep().dependOn(&install.step);
}
