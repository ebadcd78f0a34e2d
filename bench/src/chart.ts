// A bar chart as SVG: a bar a server, in one or two parts, with the quartiles as a whisker.
import type { Spread } from './stats.ts';

export interface Bar {
  label: string;
  /** One after the other, from zero. */
  parts: number[];
  /** The value beside the bar. */
  text: string;
  /** Of the whole bar. */
  spread?: Spread | undefined;
  /** Ours. */
  own: boolean;
}

export interface Chart {
  title: string;
  /** What the parts are; one needs no legend. */
  legend: string[];
  bars: Bar[];
}

const WIDTH = 760;
const LABEL = 230;
const VALUE = 90;
const ROW = 24;
const BAR = 15;
const TOP = 56;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const fixed = (value: number): string => value.toFixed(1);

/** Readable on white and on black pages. */
const style = `
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600 } .own { font-weight: 600 }
  .a { fill: #8c959f } .b { fill: #d0d7de } .own .a, .own.a { fill: #0969da } .own .b, .own.b { fill: #80b7f2 }
  line { stroke: #24292f }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } line { stroke: #e6edf3 } .b { fill: #484f58 } }`;

function legend(names: string[]): string {
  if (names.length < 2) return '';
  return names
    .map((name, index) => {
      const x = LABEL + index * 160;
      const kind = 'ab'[index];
      return `<rect class="${kind}" x="${x}" y="34" width="11" height="11"/><text x="${x + 16}" y="44">${escaped(name)}</text>`;
    })
    .join('');
}

function row({ label, parts, text, spread, own }: Bar, index: number, scale: number): string {
  const y = TOP + index * ROW;
  const middle = y + BAR / 2;
  let x = LABEL;
  const rects = parts.map((part, at) => {
    const width = part * scale;
    const rect = `<rect class="${'ab'[at]}" x="${fixed(x)}" y="${y}" width="${fixed(width)}" height="${BAR}"/>`;
    x += width;
    return rect;
  });
  const [low, high] = [spread?.low ?? 0, spread?.high ?? 0].map((value) => LABEL + value * scale) as [
    number,
    number,
  ];
  const whisker =
    spread && spread.count > 1
      ? `<line x1="${fixed(low)}" x2="${fixed(high)}" y1="${middle}" y2="${middle}"/>`
      : '';
  return [
    `<g${own ? ' class="own"' : ''}>`,
    `<text x="${LABEL - 8}" y="${y + 12}" text-anchor="end">${escaped(label)}</text>`,
    ...rects,
    whisker,
    `<text x="${fixed(Math.max(x, whisker ? high : 0) + 6)}" y="${y + 12}">${escaped(text)}</text></g>`,
  ].join('');
}

export function svg({ title, legend: names, bars }: Chart): string {
  const sum = (bar: Bar) =>
    Math.max(
      bar.parts.reduce((total, part) => total + part, 0),
      bar.spread?.high ?? 0,
    );
  const scale = (WIDTH - LABEL - VALUE) / Math.max(...bars.map(sum), Number.MIN_VALUE);
  const height = TOP + bars.length * ROW + 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>${style}
</style>
<text class="title" x="8" y="20">${escaped(title)}</text>
${legend(names)}
${bars.map((bar, index) => row(bar, index, scale)).join('\n')}
</svg>
`;
}
