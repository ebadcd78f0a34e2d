//! flexilib-symbolize FILE OFFSET...: for each offset into the ELF file as it is mapped, in hex, a line
//! «FUNCTION<TAB>PATH:LINE»; what the file doesn't tell stays empty. Where a function was inlined, the line goes on with
//! «<TAB>FUNCTION<TAB>PATH:LINE» of its caller. A program of its own: the process that asks has crashed, and its heap may be
//! broken. It says nothing of damaged files, and exits with 1.

const std = @import("std");
const inlined = @import("inlined.zig");
const lines = @import("lines.zig");
const units = @import("units.zig");
const ElfFile = std.debug.ElfFile;

/// The standard library trusts debug information: where it is damaged, checks of the language fail.
pub const panic = std.debug.FullPanic(giveUp);
pub const std_options: std.Options = .{ .enable_segfault_handler = false };

fn giveUp(_: []const u8, _: ?usize) noreturn {
    std.process.exit(1);
}

fn onFault(_: std.posix.SIG) callconv(.c) void {
    std.process.exit(1);
}

/// What a damaged file may do to this process, and to the machine.
fn limit() void {
    const action: std.posix.Sigaction = .{
        .handler = .{ .handler = onFault },
        .mask = std.posix.sigemptyset(),
        .flags = 0,
    };
    std.posix.sigaction(.SEGV, &action, null);
    std.posix.sigaction(.BUS, &action, null); // the file was cut short while it was read
    std.posix.setrlimit(.CORE, .{ .cur = 0, .max = 0 }) catch {};
    std.posix.setrlimit(.AS, .{ .cur = 2 << 30, .max = 2 << 30 }) catch {};
}

const Debug = struct {
    gpa: std.mem.Allocator,
    file: ElfFile,
    functions: ?inlined.Functions,

    fn write(debug: Debug, out: *std.Io.Writer, address: u64) !void {
        const known = if (debug.functions) |functions| functions.unitAt(address) else null;
        const unit = known orelse {
            try debug.writeSymbol(out, address);
            return out.writeByte('\t');
        };
        const functions = debug.functions.?;
        var levels = functions.at(unit, address) catch &.{};
        var place = lines.placeOf(debug.gpa, functions.dwarf, unit, address);
        if (levels.len == 0) {
            try debug.writeSymbol(out, address);
            try out.writeByte('\t');
            return debug.writePlace(out, place);
        }
        if (try debug.isElsewhere(place, levels)) place = null;
        while (levels.len > 1) : (levels.len -= 1) {
            const level = levels[levels.len - 1];
            try out.print("{s}\t", .{level.name});
            try debug.writePlace(out, place);
            try out.writeByte('\t');
            place = level.call;
        }
        try out.print("{s}+0x{x}\t", .{ levels[0].name, address - levels[0].start });
        try debug.writePlace(out, place);
    }

    /// Code of an inlined function without a line of its own.
    fn isElsewhere(debug: Debug, place: ?lines.Place, levels: []const inlined.Level) !bool {
        if (place == null or levels.len == 1) return false;
        const declared = levels[levels.len - 1].declared orelse return false;
        const dwarf = debug.functions.?.dwarf;
        const told = try lines.pathOf(debug.gpa, dwarf, place.?.file) orelse return true;
        return !std.mem.eql(u8, told, try lines.pathOf(debug.gpa, dwarf, declared) orelse told);
    }

    fn writePlace(debug: Debug, out: *std.Io.Writer, place: ?lines.Place) !void {
        const at = place orelse return;
        if (at.line == 0) return;
        const path = try lines.pathOf(debug.gpa, debug.functions.?.dwarf, at.file) orelse return;
        try out.print("{s}:{d}", .{ path, at.line });
    }

    /// The symbol table has static functions too, which dladdr(3) doesn't see.
    fn writeSymbol(debug: Debug, out: *std.Io.Writer, address: u64) !void {
        const table = debug.file.symtab orelse return;
        const names = debug.file.strtab orelse return;
        const symbols: []align(1) const std.elf.Elf64_Sym = @ptrCast(table.bytes);
        for (symbols) |symbol| {
            if (symbol.st_type() != std.elf.STT_FUNC or address < symbol.st_value) continue;
            const offset = address - symbol.st_value;
            if (offset >= symbol.st_size) continue;
            return out.print("{s}+0x{x}", .{ std.mem.sliceTo(names[symbol.st_name..], 0), offset });
        }
    }
};

pub fn main(init: std.process.Init.Minimal) u8 {
    limit();
    run(init.args) catch return 1;
    return 0;
}

/// Nothing is freed: the process ends.
fn run(arguments: std.process.Args) !void {
    var arena: std.heap.ArenaAllocator = .init(std.heap.page_allocator);
    const gpa = arena.allocator();
    var threaded: std.Io.Threaded = .init_single_threaded;
    const io = threaded.io();

    var args = arguments.iterate();
    _ = args.skip();
    const file = try std.Io.Dir.cwd().openFile(io, args.next() orelse return error.Usage, .{});
    var debug: Debug = .{ .gpa = gpa, .file = try .load(gpa, io, file, null, &.none), .functions = null };
    if (debug.file.dwarf) |*dwarf| if (debug.file.endian == @import("builtin").cpu.arch.endian()) {
        debug.functions = .{ .gpa = gpa, .dwarf = dwarf, .units = try units.list(gpa, dwarf) };
    };

    var text: std.Io.Writer.Allocating = .init(gpa);
    const out = &text.writer;
    while (args.next()) |arg| {
        const address = try std.fmt.parseInt(u64, arg, 16);
        try debug.write(out, address);
        try out.writeByte('\n');
    }
    try std.Io.File.stdout().writeStreamingAll(io, text.written());
}
