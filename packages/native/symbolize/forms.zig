//! Values of attributes, which std.debug.Dwarf reads too, and keeps to itself.

const std = @import("std");
const Dwarf = std.debug.Dwarf;
const Reader = std.Io.Reader;
const FORM = std.dwarf.FORM;
const endian = @import("builtin").cpu.arch.endian();

pub const Attrs = @FieldType(Dwarf.Die, "attrs");
pub const Attr = @typeInfo(Attrs).pointer.child;

pub fn attr(die: Dwarf.Die, id: u64) ?Dwarf.FormValue {
    return for (die.attrs) |had| {
        if (had.id == id) break had.value;
    } else null;
}

pub fn number(value: ?Dwarf.FormValue) ?u64 {
    return switch (value orelse return null) {
        .udata, .sec_offset => |unsigned| unsigned,
        .sdata => |signed| std.math.cast(u64, signed),
        else => null,
    };
}

/// In .debug_info, or in another section.
pub fn takeOffset(r: *Reader, format: std.dwarf.Format) !u64 {
    return switch (format) {
        .@"32" => try r.takeInt(u32, endian),
        .@"64" => try r.takeInt(u64, endian),
    };
}

/// constant: of DW_FORM_implicit_const.
pub fn takeValue(r: *Reader, format: std.dwarf.Format, form: u64, constant: i64) !Dwarf.FormValue {
    return switch (form) {
        FORM.addr => .{ .addr = try r.takeInt(u64, endian) },
        FORM.addrx => .{ .addrx = try r.takeLeb128(u64) },
        FORM.addrx1 => .{ .addrx = try r.takeByte() },
        FORM.addrx2 => .{ .addrx = try r.takeInt(u16, endian) },
        FORM.addrx3 => .{ .addrx = try r.takeInt(u24, endian) },
        FORM.addrx4 => .{ .addrx = try r.takeInt(u32, endian) },
        FORM.block1 => .{ .block = try r.take(try r.takeByte()) },
        FORM.block2 => .{ .block = try r.take(try r.takeInt(u16, endian)) },
        FORM.block4 => .{ .block = try r.take(try r.takeInt(u32, endian)) },
        FORM.block, FORM.exprloc => .{ .block = try r.take(try r.takeLeb128(usize)) },
        FORM.data1 => .{ .udata = try r.takeByte() },
        FORM.data2 => .{ .udata = try r.takeInt(u16, endian) },
        FORM.data4 => .{ .udata = try r.takeInt(u32, endian) },
        FORM.data8 => .{ .udata = try r.takeInt(u64, endian) },
        FORM.data16 => .{ .data16 = try r.takeArray(16) },
        FORM.udata => .{ .udata = try r.takeLeb128(u64) },
        FORM.sdata => .{ .sdata = try r.takeLeb128(i64) },
        FORM.implicit_const => .{ .sdata = constant },
        FORM.flag => .{ .flag = try r.takeByte() != 0 },
        FORM.flag_present => .{ .flag = true },
        FORM.sec_offset => .{ .sec_offset = try takeOffset(r, format) },
        FORM.ref1 => .{ .ref = try r.takeByte() },
        FORM.ref2 => .{ .ref = try r.takeInt(u16, endian) },
        FORM.ref4 => .{ .ref = try r.takeInt(u32, endian) },
        FORM.ref8, FORM.ref_sig8 => .{ .ref = try r.takeInt(u64, endian) },
        FORM.ref_udata => .{ .ref = try r.takeLeb128(u64) },
        FORM.ref_addr => .{ .ref_addr = try takeOffset(r, format) },
        FORM.string => .{ .string = try r.takeSentinel(0) },
        FORM.strp => .{ .strp = try takeOffset(r, format) },
        FORM.line_strp => .{ .line_strp = try takeOffset(r, format) },
        FORM.strx => .{ .strx = try r.takeLeb128(u64) },
        FORM.strx1 => .{ .strx = try r.takeByte() },
        FORM.strx2 => .{ .strx = try r.takeInt(u16, endian) },
        FORM.strx3 => .{ .strx = try r.takeInt(u24, endian) },
        FORM.strx4 => .{ .strx = try r.takeInt(u32, endian) },
        FORM.loclistx => .{ .loclistx = try r.takeLeb128(u64) },
        FORM.rnglistx => .{ .rnglistx = try r.takeLeb128(u64) },
        else => error.InvalidDebugInfo,
    };
}
