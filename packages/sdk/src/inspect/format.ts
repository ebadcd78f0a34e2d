// What a file is that is no ELF file, by its first bytes: magic(5).

/** Completes «PATH: is …». */
export function formatOf(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = Buffer.from(bytes).toString('latin1');
  const magic = bytes.length >= 4 ? view.getUint32(0) : 0;
  if (bytes.length === 0) return 'empty';
  if (text.startsWith('\x7fELF')) return 'ELF';
  // Mach-O, either byte order, 32 or 64 bits. The universal format shares its number with Java's class files, whose
  // next number is a version above 40.
  if ([0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe].includes(magic)) return 'a Mach-O library for macOS';
  if (magic === 0xcafebabe && bytes.length >= 8)
    return view.getUint32(4) < 40 ? 'a universal Mach-O library for macOS' : 'a Java class file';
  if (text.startsWith('MZ')) return 'a PE file (DLL or EXE) for Windows';
  if (text.startsWith('!<arch>\n')) return 'a static archive (.a, .rlib)';
  if (text.startsWith('!<thin>\n')) return 'a thin static archive (.a)';
  if (text.startsWith('#!'))
    return `a script for ${text.slice(2).trimStart().split(/\s/, 1)[0] || 'the shell'}`;
  if (text.startsWith('\0asm')) return 'a WebAssembly module';
  if (text.startsWith('BC\xc0\xde')) return 'LLVM bitcode';
  if (text.startsWith('/* GNU ld script') || /^(INPUT|GROUP|OUTPUT_FORMAT)\s*\(/.test(text))
    return "a linker script, a library's stand-in for the linker";
  if (text.startsWith('\x1f\x8b')) return 'a gzip archive';
  if (text.startsWith('PK\x03\x04')) return 'a zip archive';
  if (text.startsWith('version https://git-lfs'))
    return 'a Git LFS pointer; fetch the file with git lfs pull';
  return /[^\P{Cc}\t\n\r]/u.test(text) ? 'of no format known here' : 'a text';
}
