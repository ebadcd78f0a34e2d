//! The units of debug information, and their entries (DIEs). std.debug.Dwarf finds lines and reads strings and ranges here.
//! Its own look at entries keeps neither where a function was inlined nor into what, is of the whole file, and gives up at
//! references from unit to unit, which Rust's optimized builds have. What it trusts is checked here.

const std = @import("std");
const forms = @import("forms.zig");
const Dwarf = std.debug.Dwarf;
const Reader = std.Io.Reader;
const AT = std.dwarf.AT;
const FORM = std.dwarf.FORM;
const endian = @import("builtin").cpu.arch.endian();
const attr = forms.attr;
const number = forms.number;

const AbbrevAttr = @typeInfo(@FieldType(Dwarf.Abbrev, "attrs")).pointer.child;
const AbbrevTable = struct { offset: u64, abbrevs: []const Dwarf.Abbrev };

pub const Unit = struct {
    /// For std.debug.Dwarf.
    info: Dwarf.CompileUnit,
    abbrevs: []const Dwarf.Abbrev,
    /// In .debug_info: of its header, of its first entry, of what follows.
    start: usize,
    entries: usize,
    end: usize,

    pub fn readerAt(unit: *const Unit, dwarf: *const Dwarf, offset: u64) Reader {
        var r: Reader = .fixed(dwarf.section(.debug_info).?[0..unit.end]);
        r.seek = @intCast(offset);
        return r;
    }

    /// buffer: what its attributes are put into. null ends a list of children.
    pub fn takeDie(unit: *const Unit, gpa: std.mem.Allocator, r: *Reader, buffer: *std.ArrayList(forms.Attr)) !?Dwarf.Die {
        const code = try r.takeLeb128(u64);
        if (code == 0) return null;
        const abbrev = abbrevOf(unit.abbrevs, code) orelse return error.InvalidDebugInfo;
        buffer.clearRetainingCapacity();
        try buffer.ensureTotalCapacity(gpa, abbrev.attrs.len);
        for (abbrev.attrs) |from| {
            const value = try forms.takeValue(r, unit.info.format, from.form_id, from.payload);
            buffer.appendAssumeCapacity(.{ .id = from.id, .value = value });
        }
        return .{ .tag_id = abbrev.tag_id, .has_children = abbrev.has_children, .attrs = buffer.items };
    }
};

/// Those that can be read.
pub fn list(gpa: std.mem.Allocator, dwarf: *Dwarf) ![]Unit {
    var units: std.ArrayList(Unit) = .empty;
    var tables: std.ArrayList(AbbrevTable) = .empty;
    var r: Reader = .fixed(dwarf.section(.debug_info) orelse return error.MissingDebugInfo);
    while (r.seek < r.buffer.len) {
        const start = r.seek;
        const header = Dwarf.readUnitHeader(&r, endian) catch break;
        const end = std.math.add(u64, r.seek, header.unit_length) catch break;
        if (end > r.buffer.len) break;
        if (takeUnit(gpa, dwarf, &tables, &r, header.format)) |read| {
            var unit = read;
            unit.start = start;
            unit.end = @intCast(end);
            try units.append(gpa, unit);
        } else |_| {}
        r.seek = @intCast(end);
    }
    return units.items;
}

fn takeUnit(
    gpa: std.mem.Allocator,
    dwarf: *Dwarf,
    tables: *std.ArrayList(AbbrevTable),
    r: *Reader,
    format: std.dwarf.Format,
) !Unit {
    const version = try r.takeInt(u16, endian);
    if (version < 2 or version > 5) return error.InvalidDebugInfo;
    var address_size: u8 = 0;
    if (version >= 5) {
        const kind = try r.takeByte();
        if (kind != std.dwarf.UT.compile and kind != std.dwarf.UT.partial) return error.MissingDebugInfo;
        address_size = try r.takeByte();
    }
    const abbrevs = try abbrevsAt(gpa, dwarf, tables, try forms.takeOffset(r, format));
    if (version < 5) address_size = try r.takeByte();
    if (address_size != 8) return error.InvalidDebugInfo;
    var unit: Unit = .{ .abbrevs = abbrevs, .start = undefined, .entries = r.seek, .end = undefined, .info = .{
        .version = version,
        .format = format,
        .addr_size_bytes = address_size,
        .die = undefined,
        .pc_range = null,
        .str_offsets_base = 0,
        .addr_base = 0,
        .rnglists_base = 0,
        .loclists_base = 0,
        .frame_base = null,
        .src_loc_cache = null,
    } };
    var attrs: std.ArrayList(forms.Attr) = .empty;
    const info = &unit.info;
    info.die = try unit.takeDie(gpa, r, &attrs) orelse return error.InvalidDebugInfo;
    info.str_offsets_base = @intCast(number(attr(info.die, AT.str_offsets_base)) orelse 0);
    info.addr_base = @intCast(number(attr(info.die, AT.addr_base)) orelse 0);
    info.rnglists_base = @intCast(number(attr(info.die, AT.rnglists_base)) orelse 0);
    // The standard library looks for Clang's form of it in another section.
    for (info.die.attrs) |*had| if (had.id == AT.comp_dir and had.value == .strx) {
        const path = try info.die.getAttrString(dwarf, endian, AT.comp_dir, dwarf.section(.debug_str), info);
        had.value = .{ .string = path.ptr[0..path.len :0] };
    };
    return unit;
}

fn abbrevsAt(
    gpa: std.mem.Allocator,
    dwarf: *const Dwarf,
    tables: *std.ArrayList(AbbrevTable),
    offset: u64,
) ![]const Dwarf.Abbrev {
    for (tables.items) |table| if (table.offset == offset) return table.abbrevs;
    var r: Reader = .fixed(dwarf.section(.debug_abbrev) orelse return error.MissingDebugInfo);
    try r.discardAll64(offset);
    var abbrevs: std.ArrayList(Dwarf.Abbrev) = .empty;
    while (true) {
        const code = try r.takeLeb128(u64);
        if (code == 0) break;
        const tag = try r.takeLeb128(u64);
        const has_children = try r.takeByte() == std.dwarf.CHILDREN.yes;
        var attrs: std.ArrayList(AbbrevAttr) = .empty;
        while (true) {
            const id = try r.takeLeb128(u64);
            const form = try r.takeLeb128(u64);
            if (id == 0 and form == 0) break;
            const constant = if (form == FORM.implicit_const) try r.takeLeb128(i64) else 0;
            try attrs.append(gpa, .{ .id = id, .form_id = form, .payload = constant });
        }
        try abbrevs.append(gpa, .{ .code = code, .tag_id = tag, .has_children = has_children, .attrs = attrs.items });
    }
    try tables.append(gpa, .{ .offset = offset, .abbrevs = abbrevs.items });
    return abbrevs.items;
}

fn abbrevOf(abbrevs: []const Dwarf.Abbrev, code: u64) ?*const Dwarf.Abbrev {
    // Compilers number them from 1.
    if (code <= abbrevs.len and abbrevs[code - 1].code == code) return &abbrevs[code - 1];
    return for (abbrevs) |*abbrev| {
        if (abbrev.code == code) break abbrev;
    } else null;
}
