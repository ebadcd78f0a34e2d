// The findings as docs/inspect.md has them.
import { type Kind, kinds } from './findings.ts';

const BEGIN = '<!-- generated from packages/sdk/src/inspect/findings.ts: do not edit -->';
const END = '<!-- end of what is generated -->';
const headings = { error: 'Errors', warning: 'Warnings', note: 'Notes' } as const;

/** The page with its list of findings made anew. */
export function renewFindings(page: string): string {
  const [before, rest] = page.split(BEGIN);
  return `${before}${BEGIN}\n\n${findings()}\n${END}${rest.split(END)[1]}`;
}

function findings(): string {
  let text = '';
  for (const [level, heading] of Object.entries(headings)) {
    text += `## ${heading}\n\n`;
    for (const [id, kind] of Object.entries(kinds)) if (kind.level === level) text += section(id, kind);
  }
  return text;
}

function section(id: string, { means, mend }: Kind): string {
  const text = `### ${id}\n\n${literal(means)}\n\n`;
  if (!mend) return text;
  if (mend.c === mend.zig && mend.c === mend.rust) return `${text}Mend it: ${literal(mend.c)}.\n\n`;
  return `${text}- C: ${literal(mend.c)}\n- Zig: ${literal(mend.zig)}\n- Rust: ${literal(mend.rust)}\n\n`;
}

function literal(text: string): string {
  return text.replace(/[<*]/g, '\\$&');
}
