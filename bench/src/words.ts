// Figures as people read them, tables as a terminal and as Markdown shows them.
import type { Spread } from './stats.ts';

export const whole = (value: number): string => Math.round(value).toLocaleString('en');
export const tenths = (value: number): string => value.toFixed(1);
export const duration = (microseconds: number): string =>
  microseconds < 1000 ? `${Math.round(microseconds)} µs` : `${(microseconds / 1000).toFixed(1)} ms`;
/** Of microseconds. */
export const costs = (microseconds: number): string =>
  microseconds < 10_000 ? tenths(microseconds) : `${tenths(microseconds / 1000)} ms`;
export const mebibytes = (kib: number): string => (kib / 1024).toFixed(1);
export const hundredths = (value: number): string => value.toFixed(2);

/** Empty where nothing was measured. */
export function median(figures: Spread | undefined, write: (value: number) => string): string {
  return figures ? write(figures.median) : '';
}

/** `1.25 (1.20–1.31)`: median and quartiles. */
export function times(figures: Spread | undefined): string {
  if (!figures) return '';
  const { median, low, high, count } = figures;
  return count < 2 ? hundredths(median) : `${hundredths(median)} (${hundredths(low)}–${hundredths(high)})`;
}

/** `63 µs · 0.97 (0.95–1.01)`: a median, and a ratio's. */
export function both(
  figures: Spread | undefined,
  write: (value: number) => string,
  to: Spread | undefined,
): string {
  return figures ? [write(figures.median), times(to)].filter((text) => text !== '').join(' · ') : '';
}

export interface Table {
  title: string;
  head: string[];
  rows: string[][];
}

/** A column in which no row has anything is left out. */
export function table(title: string, head: string[], rows: string[][]): Table {
  const kept = head.map((_, column) => rows.some((row) => row[column] !== ''));
  const keep = (row: string[]) => row.filter((_, column) => kept[column]);
  return { title, head: keep(head), rows: rows.map(keep) };
}

export function plain({ title, head, rows }: Table): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)));
  const line = (row: string[]) =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!)))
      .join('  ');
  return [title, ...[head, ...rows].map((row) => `  ${line(row)}`)].join('\n');
}

export function markdown({ title, head, rows }: Table): string {
  const line = (row: string[]) => `| ${row.join(' | ')} |`;
  return [
    `**${title}**`,
    '',
    line(head),
    line(head.map((_, column) => (column === 0 ? '---' : '---:'))),
    ...rows.map(line),
  ].join('\n');
}
