//! Files and lines of source, by the units' line programs.

const std = @import("std");
const Unit = @import("units.zig").Unit;
const Dwarf = std.debug.Dwarf;
const path = std.fs.path;
const endian = @import("builtin").cpu.arch.endian();

/// By its number in the unit's line program.
pub const File = struct { unit: *Unit, number: u64 };

pub const Place = struct { file: File, line: u64 };

/// The standard library leaves out what has no line, so that an address there has the place of the code before.
pub fn placeOf(gpa: std.mem.Allocator, dwarf: *Dwarf, unit: *Unit, address: u64) ?Place {
    dwarf.populateSrcLocCache(gpa, endian, &unit.info) catch return null;
    const entry = unit.info.src_loc_cache.?.findSource(address) catch return null;
    return .{ .file = .{ .unit = unit, .number = entry.file }, .line = entry.line };
}

pub fn pathOf(gpa: std.mem.Allocator, dwarf: *Dwarf, at: File) !?[]const u8 {
    const info = &at.unit.info;
    dwarf.populateSrcLocCache(gpa, endian, info) catch return null;
    const lines = info.src_loc_cache.?;
    const number = if (lines.version >= 5) at.number else at.number -% 1;
    if (number >= lines.files.len) return null;
    const file = lines.files[@intCast(number)];
    if (file.dir_index >= lines.directories.len) return null;
    const name = try path.join(gpa, &.{ lines.directories[file.dir_index].path, file.path });
    if (path.isAbsolute(name)) return name;
    const strings = dwarf.section(.debug_str);
    const here = info.die.getAttrString(dwarf, endian, std.dwarf.AT.comp_dir, strings, info) catch return name;
    return try path.join(gpa, &.{ here, name });
}
