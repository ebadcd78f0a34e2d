// What can be found, by id: how bad it is, what it means, and how it is mended. The texts of docs/inspect.md are these.
// Long, because it is one table.

/** error: the server won't load it; warning: it works, but something will bite; note: worth knowing. */
export type Level = 'error' | 'warning' | 'note';

export interface Mend {
  c: string;
  zig: string;
  rust: string;
}

export interface Kind {
  level: Level;
  means: string;
  mend?: Mend;
}

const all = (text: string): Mend => ({ c: text, zig: text, rust: text });

const target: Mend = {
  c: 'zig cc -shared -fPIC -target x86_64-linux-gnu.2.28 (or aarch64-linux-gnu.2.28)',
  zig: 'zig build-lib -dynamic -lc -target x86_64-linux-gnu.2.28 (or aarch64-linux-gnu.2.28)',
  rust: 'cargo build --target x86_64-unknown-linux-gnu (or aarch64-unknown-linux-gnu)',
};
const shared: Mend = {
  c: 'link with -shared -fPIC',
  zig: 'zig build-lib -dynamic, or b.addLibrary(.{ .linkage = .dynamic, … })',
  rust: 'crate-type = ["cdylib"] under [lib] in Cargo.toml',
};

/** Stable: scripts match on them. */
export type Id =
  | 'unreadable'
  | 'not-elf'
  | 'damaged'
  | 'not-shared'
  | 'other-machine'
  | 'other-libc'
  | 'no-handle-request'
  | 'abi-version'
  | 'missing-library'
  | 'glibc-too-new'
  | 'missing-version'
  | 'undefined-symbol'
  | 'no-dlopen'
  | 'executable-stack'
  | 'text-relocations'
  | 'nodelete'
  | 'unique-symbol'
  | 'thread-local-destructor'
  | 'static-tls'
  | 'clashing-symbol'
  | 'borrowed-symbol'
  | 'unknown-needs'
  | 'extra-exports'
  | 'glibc-floor'
  | 'no-source-lines'
  | 'origin-runpath'
  | 'constructors'
  | 'zig-allocator'
  | 'ends-its-call'
  | 'ends-the-process'
  | 'forks'
  | 'changes-the-process';

export const kinds: Readonly<Record<Id, Kind>> = {
  unreadable: { level: 'error', means: "There is no such file, it is no file, or it can't be read." },
  'not-elf': {
    level: 'error',
    means: 'The file is of another format: of another system, or no library at all.',
    mend: target,
  },
  damaged: {
    level: 'error',
    means: 'The file is cut short, or its tables make no sense. A build or a copy may be under way.',
    mend: all('build or copy it again; write to another name and rename it'),
  },
  'not-shared': {
    level: 'error',
    means: "It is a program or an object file, which dlopen(3) doesn't take.",
    mend: shared,
  },
  'other-machine': { level: 'error', means: 'It is built for another kind of processor.', mend: target },
  'other-libc': {
    level: 'error',
    means: 'It needs another C library, glibc or musl, than the one that the server runs on.',
    mend: target,
  },
  'no-handle-request': {
    level: 'error',
    means: "It doesn't export handle_request, the one function that an executor must have.",
    mend: {
      c: 'FLEXILIB_EXPORT from flexilib.h, in C++ extern "C", before flexilib_response *handle_request(flexilib_request *)',
      zig: 'comptime { flexilib.executor(handle); }, or export fn handle_request',
      rust: 'flexilib::handler!(handle), or #[unsafe(no_mangle)] pub extern "C" fn handle_request',
    },
  },
  'abi-version': {
    level: 'error',
    means: "Its flexilib_abi_version returns a version of the ABI that this server doesn't know.",
    mend: all("build it with this version's SDK, or upgrade the server"),
  },
  'missing-library': {
    level: 'error',
    means: "A library that it needs, or that one of those needs, isn't found here by the dynamic linker.",
    mend: {
      c: 'install it; or link it statically (lib.a instead of -l); or put it beside the executor and link with -Wl,-rpath,$ORIGIN',
      zig: 'install it; or linkSystemLibrary with .preferred_link_mode = .static; or beside it with -rpath $ORIGIN',
      rust: 'install it; or the static or "vendored" feature of its -sys crate; or beside it with -C link-arg=-Wl,-rpath,$ORIGIN',
    },
  },
  'glibc-too-new': {
    level: 'error',
    means: "It was linked with a newer glibc than this machine's.",
    mend: {
      c: 'zig cc -target x86_64-linux-gnu.2.28 (any compiler: build on an older system)',
      zig: '-target x86_64-linux-gnu.2.28, also in zig build: -Dtarget=x86_64-linux-gnu.2.28',
      rust: 'cargo zigbuild --target x86_64-unknown-linux-gnu.2.28, or build on an older system',
    },
  },
  'missing-version': {
    level: 'error',
    means:
      'A library that it needs is here, but too old: it lacks a version of symbols that this one was linked with.',
    mend: all('upgrade that library here, or build against the version that is here, or link it statically'),
  },
  'undefined-symbol': {
    level: 'error',
    means: "It uses symbols that neither the libraries that it needs nor the server's process define.",
    mend: {
      c: 'link what defines it: its .c file, or -lNAME after the sources; -Wl,-z,defs makes the linker say so',
      zig: 'linkSystemLibrary("NAME"), addCSourceFile, or -lNAME; an extern fn needs its definition linked',
      rust: '#[link(name = "NAME")], or cargo::rustc-link-lib=NAME in build.rs',
    },
  },
  'no-dlopen': {
    level: 'error',
    means: 'It is marked as not for dlopen(3) (DF_1_NOOPEN).',
    mend: all('link without -z nodlopen'),
  },
  'executable-stack': {
    level: 'warning',
    means:
      'It asks for executable stacks. glibc 2.41 and later refuse to load it, which makes it an error there; earlier ones make the stacks of ' +
      'the whole server executable. Assembler sources, and functions nested in functions, are the usual cause.',
    mend: {
      c: 'link with -Wl,-z,noexecstack; assembler: .section .note.GNU-stack,"",%progbits',
      zig: 'assembler and C that you link: .section .note.GNU-stack,"",%progbits',
      rust: '-C link-arg=-Wl,-z,noexecstack; assembler: .section .note.GNU-stack,"",%progbits',
    },
  },
  'text-relocations': {
    level: 'warning',
    means:
      'Its code must be changed when it is loaded (DF_TEXTREL): where memory may not be both written and executed (SELinux, ' +
      "systemd's MemoryDenyWriteExecute) it isn't loaded; its code isn't shared between processes.",
    mend: {
      c: 'compile every source with -fPIC; link without -z notext',
      zig: 'build without -z notext; C and assembler that you link with -fPIC',
      rust: 'leave out -C relocation-model=static; C objects that you link with -fPIC',
    },
  },
  nodelete: {
    level: 'warning',
    means:
      'It is marked never to be unloaded (DF_1_NODELETE): each new build stays in memory beside the ones before it.',
    mend: {
      c: 'link without -Wl,-z,nodelete',
      zig: 'link without -z nodelete',
      rust: 'leave out -C link-arg=-Wl,-z,nodelete',
    },
  },
  'unique-symbol': {
    level: 'warning',
    means:
      'It has a symbol of binding STB_GNU_UNIQUE, of which a process has one only: g++ makes them of static variables in inline functions ' +
      "and templates. Such a library is never unloaded, and a new build goes on with the old one's variable.",
    mend: {
      c: 'compile with g++ -fno-gnu-unique, or with zig c++ or clang, which make none; -fvisibility=hidden too',
      zig: 'C++ that you link: compile it with zig c++',
      rust: 'C++ that you link: .flag("-fno-gnu-unique") on cc::Build',
    },
  },
  'thread-local-destructor': {
    level: 'warning',
    means:
      'It registers destructors of thread-local values (__cxa_thread_atexit_impl): once one is, the library stays in memory until that ' +
      "thread ends, and the server's threads don't. Of Rust it is a note: its standard library imports the function in any case, and " +
      'only a thread_local! of yours, or of a crate, whose type has a Drop counts.',
    mend: {
      c: "C++: make thread_local values trivially destructible, or keep what they hold in flexilib_load's state",
      zig: 'C++ that you link: no thread_local with a destructor',
      rust: 'thread_local! only of types without Drop (Cell<u64>, const { … }); state in a static OnceLock or Mutex',
    },
  },
  'static-tls': {
    level: 'warning',
    means:
      "Its thread-local variables need static space (DF_STATIC_TLS), which is short, and which isn't all given back when a build is " +
      'unloaded after the next was loaded: after some dozens of new builds dlopen(3) says "cannot allocate memory in static TLS block".',
    mend: {
      c: 'compile with -fPIC and without -ftls-model=initial-exec or local-exec, or such an attribute',
      zig: 'build with -fPIC; C that you link without -ftls-model',
      rust: 'leave out -Z tls-model; C that you link without -ftls-model',
    },
  },
  'clashing-symbol': {
    level: 'warning',
    means:
      "It exports symbols that the server's process defines as well (Node brings OpenSSL, zlib, libuv, nghttp2 and others), and calls them " +
      "in such a way that it gets the process's ones: another version, maybe with other structs.",
    mend: {
      c: 'compile with -fvisibility=hidden, or link with -Wl,-Bsymbolic or, of a static library, -Wl,--exclude-libs,ALL',
      zig: 'link with -Bsymbolic, or compile C that you link with -fvisibility=hidden',
      rust: '-C link-arg=-Wl,--exclude-libs,ALL, or fewer #[no_mangle]',
    },
  },
  'borrowed-symbol': {
    level: 'warning',
    means:
      'It uses symbols that none of the libraries which it needs defines; it loads because Node happens to have them, in the version ' +
      'that Node happens to have.',
    mend: {
      c: 'link the library, -lm say, or its static archive',
      zig: 'linkSystemLibrary("m", .{}), or -lm',
      rust: '#[link(name = "m")], or cargo::rustc-link-lib=m in build.rs',
    },
  },
  'unknown-needs': {
    level: 'note',
    means:
      "The system's dynamic linker wasn't asked, so nothing is known of what the library needs; the text says why.",
  },
  'extra-exports': {
    level: 'note',
    means: 'It exports more than an executor needs: larger, slower to load, and open to clashes.',
    mend: {
      c: 'compile with -fvisibility=hidden (zig cc: -fno-sanitize=undefined too, whose runtime is exported)',
      zig: '-fno-ubsan-rt, or library.bundle_ubsan_rt = false; fewer export fn',
      rust: 'crate-type = ["cdylib"] and not "dylib"; fewer #[no_mangle]',
    },
  },
  'glibc-floor': {
    level: 'note',
    means:
      'It runs here, but not on systems whose glibc is older than it says: RHEL 8 has 2.28, Ubuntu 20.04 2.31, Debian 12 2.36.',
    mend: {
      c: 'zig cc -target x86_64-linux-gnu.2.28',
      zig: '-target x86_64-linux-gnu.2.28',
      rust: 'cargo zigbuild --target x86_64-unknown-linux-gnu.2.28, or build on an older system',
    },
  },
  'no-source-lines': {
    level: 'note',
    means:
      "Reports of crashes won't have files and lines; without a symbol table, not even names of functions that aren't exported.",
    mend: {
      c: "compile with -g, don't strip; no -gsplit-dwarf",
      zig: 'build without -fstrip (.strip = false)',
      rust: 'debug = true and no strip in [profile.release]; no split-debuginfo',
    },
  },
  'origin-runpath': {
    level: 'note',
    means:
      'It looks for libraries beside itself ($ORIGIN), so the server puts its copy there, under a name with a dot: the folder must be ' +
      "writable for the server, else it is a copy that can't be made.",
  },
  constructors: {
    level: 'note',
    means:
      'It has constructors, which run twice: in the short-lived process that tries each build, and in the server. What has an effect ' +
      'outside, such as files or connections, belongs into flexilib_load.',
  },
  'zig-allocator': {
    level: 'note',
    means:
      "It exports zigInit, of the original's interface: it works for Zig up to 0.13, and for 0.14 to 0.16 in release modes. Debug builds " +
      "of 0.14 and later can't use it.",
  },
  'ends-its-call': {
    level: 'note',
    means:
      'It imports functions that end a process or thread; in a handler they end that request with 502, and the process is replaced.',
  },
  'ends-the-process': {
    level: 'note',
    means:
      'It imports functions that end the process at once: the requests inside it are lost, and another process takes its place.',
  },
  forks: {
    level: 'note',
    means:
      "It imports fork(2): a child that returns from the handler is ended, and all of them end with the server's process.",
  },
  'changes-the-process': {
    level: 'note',
    means:
      'It imports functions that change handlers of signals, blocked signals, the umask or the working directory. If it changes those of ' +
      'the server, they are put back within half a second, and told.',
  },
};

export interface Finding {
  id: Id;
  level: Level;
  /** What was found, in one line. */
  text: string;
  /** The flag or the change of the source that mends it, by language. */
  mend: Mend | null;
}

/** level: where circumstances change it. */
export function finding(id: Id, text: string, level: Level = kinds[id].level): Finding {
  return { id, level, text, mend: kinds[id].mend ?? null };
}
