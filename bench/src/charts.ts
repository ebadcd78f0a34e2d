// The charts of a run, by file name.
import { type Bar, type Chart, svg } from './chart.ts';
import { absolute, type Pick, type Results } from './results.ts';
import { duration, mebibytes, tenths, whole } from './words.ts';

/** Servers that were measured, the best first. */
function bars(
  results: Results,
  parts: Pick[],
  write: (total: number) => string,
  best: 'most' | 'least',
): Bar[] {
  const whole: Pick = (sample) => {
    const values = parts.map((part) => part(sample));
    return values.some((value) => value === undefined) ? undefined : values.reduce((a, b) => a! + b!, 0);
  };
  const rows = results.servers.flatMap(({ name, title }) => {
    const spread = absolute(results, name, whole);
    if (!spread) return [];
    const medians = parts.map((part) => absolute(results, name, part)!.median);
    return [
      { label: title, parts: medians, text: write(spread.median), spread, own: name.startsWith('flexilib') },
    ];
  });
  const order = best === 'least' ? 1 : -1;
  return rows.sort((a, b) => order * (a.spread.median - b.spread.median));
}

const text = 'text of 12 bytes, 64 connections';

export function charts(results: Results): Record<string, string> {
  const cell = ({ cells }: Parameters<Pick>[0]) => cells['text@64'];
  const all: Record<string, Chart> = {
    throughput: {
      title: `Requests/s: ${text}, server on one core`,
      legend: [],
      bars: bars(results, [(sample) => cell(sample)?.rps], whole, 'most'),
    },
    cpu: {
      title: `CPU a request, µs: ${text}`,
      legend: ['user', 'system'],
      bars: bars(
        results,
        [(sample) => cell(sample)?.user, (sample) => cell(sample)?.system],
        tenths,
        'least',
      ),
    },
    latency: {
      title: `p99: ${text}`,
      legend: [],
      bars: bars(results, [(sample) => cell(sample)?.p99], duration, 'least'),
    },
    memory: {
      title: 'Memory after load, PSS in MiB',
      legend: ['private dirty', 'the rest'],
      bars: bars(
        results,
        [({ loaded }) => loaded?.dirty, ({ loaded }) => loaded && Math.max(0, loaded.pss - loaded.dirty)],
        mebibytes,
        'least',
      ),
    },
  };
  return Object.fromEntries(Object.entries(all).map(([name, chart]) => [`${name}.svg`, svg(chart)]));
}
