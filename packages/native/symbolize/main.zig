//! flexilib-symbolize FILE OFFSET...: for each offset into the ELF file as it is mapped, in hex, a line
//! «FUNCTION<TAB>PATH:LINE»; what the file doesn't tell stays empty. A program of its own: the process that asks has
//! crashed, and its heap may be broken. It says nothing of damaged files, and exits with 1.

const std = @import("std");
const Dwarf = std.debug.Dwarf;
const ElfFile = std.debug.ElfFile;
const native_endian = @import("builtin").cpu.arch.endian();

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

/// In the order of preference; both may be missing.
const Debug = struct {
    gpa: std.mem.Allocator,
    file: ElfFile,
    dwarf: ?*Dwarf,

    /// Where DWARF knows a function it is all of them: those whose code was inlined here, and the one that was called.
    fn writeFunction(debug: Debug, out: *std.Io.Writer, address: u64) !void {
        const Func = @FieldType(Dwarf, "func_list");
        var inner: ?@typeInfo(Func.Slice).pointer.child = null;
        var outer = inner;
        if (debug.dwarf) |dwarf| for (dwarf.func_list.items) |func| {
            const range = func.pc_range orelse continue;
            // The linker has thrown away what begins at 0 or 1.
            if (func.name == null or range.start <= 1 or address < range.start or address >= range.end) continue;
            const size = range.end - range.start;
            if (inner == null or size <= inner.?.pc_range.?.end - inner.?.pc_range.?.start) inner = func;
            if (outer == null or size > outer.?.pc_range.?.end - outer.?.pc_range.?.start) outer = func;
        };
        if (outer == null) return debug.writeSymbol(out, address);
        if (!std.mem.eql(u8, inner.?.name.?, outer.?.name.?)) try out.print("{s}, inlined in ", .{inner.?.name.?});
        try out.print("{s}+0x{x}", .{ outer.?.name.?, address - outer.?.pc_range.?.start });
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

    fn writeLine(debug: Debug, out: *std.Io.Writer, address: u64) !void {
        const dwarf = debug.dwarf orelse return;
        const unit = dwarf.findCompileUnit(native_endian, address) catch return;
        const place = dwarf.getLineNumberInfo(debug.gpa, debug.gpa, native_endian, unit, address) catch return;
        if (place.line == 0) return;
        if (!std.fs.path.isAbsolute(place.file_name)) if (directory(dwarf, unit)) |path| try out.print("{s}/", .{path});
        try out.print("{s}:{d}", .{ place.file_name, place.line });
    }

    /// What relative paths of the unit are relative to.
    fn directory(dwarf: *Dwarf, unit: *Dwarf.CompileUnit) ?[]const u8 {
        const strings = dwarf.section(.debug_str);
        return unit.die.getAttrString(dwarf, native_endian, std.dwarf.AT.comp_dir, strings, unit) catch null;
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
    var debug: Debug = .{ .gpa = gpa, .file = try .load(gpa, io, file, null, &.none), .dwarf = null };
    if (debug.file.dwarf) |*dwarf| {
        if (dwarf.open(gpa, debug.file.endian)) debug.dwarf = dwarf else |_| {}
    }

    var text: std.Io.Writer.Allocating = .init(gpa);
    const out = &text.writer;
    while (args.next()) |arg| {
        const address = try std.fmt.parseInt(u64, arg, 16);
        try debug.writeFunction(out, address);
        try out.writeByte('\t');
        try debug.writeLine(out, address);
        try out.writeByte('\n');
    }
    try std.Io.File.stdout().writeStreamingAll(io, text.written());
}
