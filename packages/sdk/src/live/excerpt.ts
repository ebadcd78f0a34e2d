import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';

const AROUND = 3;

/**
 * The lines of source around the first place in a report («… at src/main.c:10») that can be read, the author's own
 * before others; '' without one. The line itself is in a terminal's red.
 */
export function excerptOf(report: string): string {
  const places = [...report.matchAll(/ at (\S.*?):(\d+)$/gm)].map(([, path, line]) => ({
    path,
    line: Number(line),
  }));
  const isOwn = ({ path }: { path: string }) => !isAbsolute(path) && !path.includes('node_modules/');
  for (const { path, line } of [...places.filter(isOwn), ...places]) {
    const excerpt = read(path, line);
    if (excerpt !== '') return excerpt;
  }
  return '';
}

function read(path: string, number: number): string {
  let lines: string[];
  try {
    lines = readFileSync(path, 'utf8').split('\n');
  } catch {
    return ''; // a library's source that isn't here
  }
  if (number < 1 || number > lines.length) return '';
  const first = Math.max(1, number - AROUND);
  const shown = lines.slice(first - 1, number + AROUND);
  const width = String(first + shown.length - 1).length;
  const marked = shown.map((line, i) => {
    const at = first + i;
    const text = `${at === number ? '>' : ' '} ${String(at).padStart(width)} | ${line}`.trimEnd();
    return at === number ? `\x1b[1;31m${text}\x1b[0m` : text;
  });
  return `${path}:${number}\n${marked.join('\n')}\n`;
}
