// A report in words, for a terminal of 100 columns.
import { plural } from './checks.ts';
import { abiExports, type LibraryFacts } from './facts.ts';
import type { Finding, Level } from './findings.ts';
import type { Report } from './report.ts';

const COLUMNS = 100;
const LABEL = 10;
const colours: Record<Level, number> = { error: 31, warning: 33, note: 36 };
const languages = { c: 'C', zig: 'Zig', rust: 'Rust' } as const;

/** Ends with a newline. */
export function print(report: Report, colour: boolean): string {
  const { file, library, findings } = report;
  const lines = [`${file}: ${verdict(report)}`, ''];
  if (library) {
    for (const [label, text] of rows(report, library)) lines.push(...row(label, text));
    lines.push('');
  }
  for (const finding of findings) lines.push(...linesOf(finding));
  if (findings.length > 0) lines.push('');
  // What a library says must not command the terminal.
  const safe = lines.join('\n').replace(/[^\P{Cc}\n]/gu, '?');
  if (!colour) return safe;
  return safe.replace(
    /^ {2}(error|warning|note)\b/gm,
    (text, level: Level) => `\x1b[1;${colours[level]}m${text}\x1b[0m`,
  );
}

function verdict({ verdict, findings }: Report): string {
  const counts = (['error', 'warning', 'note'] as const)
    .map((level) => ({ level, count: findings.filter((finding) => finding.level === level).length }))
    .filter(({ count }) => count > 0)
    .map(({ level, count }) => `${count} ${plural(level, count)}`);
  const what = verdict === 'error' ? "the server won't load it" : 'nothing keeps the server from loading it';
  return [what, ...counts].join(', ');
}

function* rows({ size }: Report, library: LibraryFacts): Iterable<[string, string]> {
  const where = library.forThisMachine ? 'as here' : 'not for here';
  yield [
    'file',
    `ELF library for ${library.machine}, ${where}; ${bytes(size ?? 0)}; ${library.stripped ? 'stripped' : 'with a symbol table'}`,
  ];
  if (library.makers.length > 0) yield ['made by', library.makers.join('; ')];
  yield [
    'lines',
    library.sourceLine
      ? `reports of crashes have them, such as ${library.sourceLine}`
      : 'reports of crashes have none',
  ];
  const width = Math.max(...library.abi.exports.map((name) => name.length));
  for (const [i, name] of library.abi.exports.entries())
    yield [i === 0 ? 'exports' : '', `${name.padEnd(width)}  ${meaning(name, library)}`];
  if (library.abi.missing.length > 0) yield ['without', library.abi.missing.join(', ')];
  if (library.glibc) {
    const { version, symbols } = library.glibc;
    yield [
      'glibc',
      `${version} or newer${symbols.length > 0 ? ` (${symbols.slice(0, 3).join(', ')}${symbols.length > 3 ? ', …' : ''})` : ''}`,
    ];
  }
  for (const [i, { name, path }] of library.needed.entries()) {
    const found = library.linkerAsked ? (path ?? 'not found') : 'not looked for';
    yield [i === 0 ? 'needs' : '', `${name}: ${found}`];
  }
}

function meaning(name: string, { abi }: LibraryFacts): string {
  if (name !== 'flexilib_abi_version') return abiExports[name];
  return abi.version === null
    ? `${abiExports[name]}: asked at load`
    : `says that it was made for version ${abi.version} of the ABI`;
}

function linesOf({ id, level, text, mend }: Finding): string[] {
  const lines = row(level, `${text} [${id}]`);
  if (level === 'note' || !mend) return lines;
  if (mend.c === mend.zig && mend.c === mend.rust) return [...lines, ...row('', `→ ${mend.c}`)];
  for (const [key, name] of Object.entries(languages))
    lines.push(...row('', `${`${name}:`.padEnd(6)}${mend[key as keyof typeof languages]}`, 6));
  return lines;
}

/** The text beside its label, its further lines indented by so much more. */
function row(label: string, text: string, indent = 0): string[] {
  const lines: string[] = [];
  let line = `  ${label.padEnd(LABEL)}`;
  const start = line.length;
  for (const word of text.split(/(?<= )(?=\S)/)) {
    const tooLong = line.length + word.trimEnd().length > COLUMNS && line.trimEnd().length > start;
    if (tooLong) {
      lines.push(line.trimEnd());
      line = ' '.repeat(start + indent);
    }
    line += word;
  }
  return [...lines, line.trimEnd()];
}

function bytes(count: number): string {
  if (count < 1000) return `${count} bytes`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = count / 1000;
  while (value >= 1000 && units.length > 1) {
    value /= 1000;
    units.shift();
  }
  return `${value.toFixed(1)} ${units[0]}`;
}
