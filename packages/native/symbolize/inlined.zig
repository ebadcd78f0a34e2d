//! The functions that the code at an address is of: the one that was called, and those that were inlined there.

const std = @import("std");
const forms = @import("forms.zig");
const lines = @import("lines.zig");
const Unit = @import("units.zig").Unit;
const Dwarf = std.debug.Dwarf;
const Reader = std.Io.Reader;
const AT = std.dwarf.AT;
const TAG = std.dwarf.TAG;
const endian = @import("builtin").cpu.arch.endian();
const Attr = forms.Attr;
const attr = forms.attr;
const number = forms.number;

const LEVELS_MAX = 128;
const ORIGINS_MAX = 8;

pub const Level = struct {
    name: []const u8,
    /// Of its code around the address.
    start: u64,
    /// Where it was inlined, if so: in the next outer level.
    call: ?lines.Place,
    /// In which file, if known.
    declared: ?lines.File,
};

/// All of one file's debug information.
pub const Functions = struct {
    gpa: std.mem.Allocator,
    dwarf: *Dwarf,
    units: []Unit,

    /// The unit that has code at the address.
    pub fn unitAt(functions: Functions, address: u64) ?*Unit {
        return for (functions.units) |*unit| {
            if (functions.startOf(unit, unit.info.die, address) catch null != null) break unit;
        } else null;
    }

    /// Outermost first; empty if the unit doesn't know.
    pub fn at(functions: Functions, unit: *Unit, address: u64) ![]Level {
        var levels: std.ArrayList(Level) = .empty;
        var attrs: std.ArrayList(Attr) = .empty;
        var depth: usize = 0;
        var inside: usize = 0; // the depth of the last level
        var r = unit.readerAt(functions.dwarf, unit.entries);
        while (r.seek < unit.end) {
            const die = try unit.takeDie(functions.gpa, &r, &attrs) orelse {
                depth = try std.math.sub(usize, depth, 1);
                if (depth <= inside) break;
                continue;
            };
            const called = die.tag_id == TAG.subprogram;
            if (called or die.tag_id == TAG.inlined_subroutine) {
                if (try functions.startOf(unit, die, address)) |start| {
                    if (called) levels.clearRetainingCapacity();
                    if (levels.items.len == LEVELS_MAX) return error.TooDeep;
                    try levels.append(functions.gpa, try functions.levelOf(unit, die, start, levels.getLastOrNull()));
                    inside = depth;
                    if (!die.has_children) break;
                } else if (die.has_children and !called) {
                    try functions.skipChildren(unit, &r, die, &attrs);
                    continue;
                }
            }
            depth += @intFromBool(die.has_children);
        }
        return levels.items;
    }

    fn skipChildren(functions: Functions, unit: *Unit, r: *Reader, die: Dwarf.Die, attrs: *std.ArrayList(Attr)) !void {
        if (attr(die, AT.sibling)) |sibling| if (sibling == .ref) {
            const offset = try std.math.add(u64, unit.start, sibling.ref);
            if (!isIn(offset, r.seek, unit.end)) return error.InvalidDebugInfo;
            r.seek = @intCast(offset);
            return;
        };
        var depth: usize = 1;
        while (depth > 0) {
            if (try unit.takeDie(functions.gpa, r, attrs)) |child| {
                depth += @intFromBool(child.has_children);
            } else depth -= 1;
        }
    }

    /// Where its code around the address begins; null if there is none.
    fn startOf(functions: Functions, unit: *Unit, die: Dwarf.Die, address: u64) !?u64 {
        if (attr(die, AT.ranges)) |ranges| {
            // Read as if they were a unit's: the same base, by DW_AT_low_pc.
            var attrs = [_]Attr{.{ .id = AT.ranges, .value = ranges }} ** 2;
            if (attr(unit.info.die, AT.low_pc)) |base| attrs[0] = .{ .id = AT.low_pc, .value = base };
            var one = [_]Dwarf.CompileUnit{unit.info};
            one[0].pc_range = null;
            one[0].die.attrs = &attrs;
            var dwarf: Dwarf = .{ .sections = functions.dwarf.sections, .compile_unit_list = .fromOwnedSlice(&one) };
            defer dwarf.ranges.deinit(functions.gpa);
            try dwarf.populateRanges(functions.gpa, endian);
            return for (dwarf.ranges.items) |range| {
                if (isIn(address, range.start, range.end)) break range.start;
            } else null;
        }
        const start = switch (attr(die, AT.low_pc) orelse return null) {
            .addr => |start| start,
            .addrx => |index| try functions.addressAt(unit, index),
            else => return error.InvalidDebugInfo,
        };
        const end = switch (attr(die, AT.high_pc) orelse return null) {
            .addr => |end| end,
            else => |size| start +| (number(size) orelse return error.InvalidDebugInfo),
        };
        return if (isIn(address, start, end)) start else null;
    }

    /// Its name, and the file that it is declared in, may be those of what it is an instance of.
    fn levelOf(functions: Functions, unit: *Unit, die: Dwarf.Die, start: u64, outer: ?Level) !Level {
        var level: Level = .{ .name = "", .start = start, .declared = null, .call = null };
        // Zig's own backend leaves out the file.
        const caller = fileOf(unit, die, AT.call_file) orelse if (outer) |known| known.declared else null;
        if (number(attr(die, AT.call_line))) |line| if (caller) |file| {
            level.call = .{ .file = file, .line = line };
        };
        var in = unit;
        var origin = die;
        var attrs: std.ArrayList(Attr) = .empty;
        for (0..ORIGINS_MAX) |_| {
            if (level.name.len == 0 and attr(origin, AT.name) != null) {
                const strings = functions.dwarf.section(.debug_str);
                level.name = try origin.getAttrString(functions.dwarf, endian, AT.name, strings, &in.info);
            }
            level.declared = level.declared orelse fileOf(in, origin, AT.decl_file);
            if (level.name.len > 0 and level.declared != null) break;
            const parent = if (level.name.len > 0) attr(origin, AT.ZIG_parent) else null;
            const reference = attr(origin, AT.abstract_origin) orelse attr(origin, AT.specification) orelse parent;
            const offset = switch (reference orelse break) {
                .ref => |offset| try std.math.add(u64, in.start, offset),
                .ref_addr => |offset| offset,
                else => return error.InvalidDebugInfo,
            };
            in = for (functions.units) |*other| {
                if (isIn(offset, other.entries, other.end)) break other;
            } else return error.InvalidDebugInfo;
            var r = in.readerAt(functions.dwarf, offset);
            origin = try in.takeDie(functions.gpa, &r, &attrs) orelse return error.InvalidDebugInfo;
        }
        return if (level.name.len > 0) level else error.MissingDebugInfo;
    }

    fn addressAt(functions: Functions, unit: *Unit, index: u64) !u64 {
        const offset = try std.math.add(u64, unit.info.addr_base, try std.math.mul(u64, index, 8));
        var r: Reader = .fixed(functions.dwarf.section(.debug_addr) orelse return error.MissingDebugInfo);
        try r.discardAll64(offset);
        return r.takeInt(u64, endian);
    }
};

/// The linker has thrown away what begins at 0 or 1.
fn isIn(address: u64, start: u64, end: u64) bool {
    return start > 1 and address >= start and address < end;
}

fn fileOf(unit: *Unit, die: Dwarf.Die, id: u64) ?lines.File {
    return .{ .unit = unit, .number = number(attr(die, id)) orelse return null };
}
