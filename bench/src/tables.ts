// The tables of a run.
import { type CellPick, cpu, errors, p50, p99, rps, system, user } from './picks.ts';
import { absolute, type Pick, type Results, ratio, total } from './results.ts';
import {
  both,
  costs,
  duration,
  hundredths,
  mebibytes,
  median,
  type Table,
  table,
  tenths,
  whole,
} from './words.ts';
import { type CellName, cellsOf, proxyWorkloadNames, workloadNames } from './workloads.ts';

/** Columns that a run has nothing of are left out. */
const cells = cellsOf([...workloadNames, ...proxyWorkloadNames]);
const heads: string[] = cells.map(({ cell, workload, connections }) => {
  if (cell.startsWith('text')) return `text, ${connections} conn.`;
  return cell.startsWith('small') ? `${workload.title}, ${connections} conn.` : workload.title;
});

type Write = (value: number) => string;

function byWorkload(results: Results, title: string, write: (name: string, cell: CellName) => string): Table {
  const rows = results.servers.map((server) => [
    server.title,
    ...cells.map(({ cell }) => write(server.name, cell)),
  ]);
  return table(title, ['server', ...heads], rows);
}

/** A figure, and its ratio to FlexiLib's. */
function figures(results: Results, title: string, pick: CellPick, write: Write): Table {
  return byWorkload(results, title, (name, cell) =>
    both(absolute(results, name, pick(cell)), write, ratio(results, name, pick(cell))),
  );
}

function parts(results: Results, name: string, cell: CellName): string {
  const [own, kernel] = [user, system].map((pick) => median(absolute(results, name, pick(cell)), tenths));
  return own && `${own} + ${kernel}`;
}

function memoryTable(results: Results): Table {
  const columns: [head: string, pick: Pick, write: Write][] = [
    ['start ms', ({ startMs }) => startMs, whole],
    ['idle RSS MiB', ({ idle }) => idle.rss, mebibytes],
    ['PSS', ({ idle }) => idle.pss, mebibytes],
    ['private dirty', ({ idle }) => idle.dirty, mebibytes],
    ['loaded RSS', ({ loaded }) => loaded?.rss, mebibytes],
    ['PSS', ({ loaded }) => loaded?.pss, mebibytes],
    ['private dirty', ({ loaded }) => loaded?.dirty, mebibytes],
    ['KiB a connection', ({ perConnection }) => perConnection?.dirty, hundredths],
  ];
  const base = results.servers.find(({ name }) => name === results.baseline)?.title ?? results.baseline;
  const rows = results.servers.map(({ name, title }) => [
    title,
    ...columns.map(([, pick, write]) => {
      const own = median(absolute(results, name, pick), write);
      return [own, median(ratio(results, name, pick), hundredths)].filter((text) => text !== '').join(' · ');
    }),
  ]);
  return table(
    `Start to first answer, memory; and the ratio to ${base}`,
    ['server', ...columns.map(([head]) => head)],
    rows,
  );
}

export function tables(results: Results): Table[] {
  return [
    figures(results, 'Requests/s', rps, whole),
    figures(results, 'CPU µs a request', cpu, costs),
    byWorkload(results, 'CPU µs a request, user + system', (name, cell) => parts(results, name, cell)),
    figures(results, 'p50', p50, duration),
    figures(results, 'p99', p99, duration),
    memoryTable(results),
    byWorkload(results, 'Failed requests', (name, cell) => {
      const failed = total(results, name, errors(cell));
      return failed > 0 ? whole(failed) : '';
    }),
  ].filter(({ head }) => head.length > 1);
}
