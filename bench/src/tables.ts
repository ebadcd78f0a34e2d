// The tables of a run.
import { absolute, type Pick, type Results, ratio } from './results.ts';
import { duration, mebibytes, median, type Table, table, tenths, times, whole } from './words.ts';
import { type CellName, cellsOf, workloadNames } from './workloads.ts';

const main: CellName = 'text@64';

/** Of a cell; undefined when the server has none. */
const rps =
  (cell: CellName): Pick =>
  ({ cells }) =>
    cells[cell]?.rps;
const p50 =
  (cell: CellName): Pick =>
  ({ cells }) =>
    cells[cell]?.p50;
const p99 =
  (cell: CellName): Pick =>
  ({ cells }) =>
    cells[cell]?.p99;
const user =
  (cell: CellName): Pick =>
  ({ cells }) =>
    cells[cell]?.user;
const system =
  (cell: CellName): Pick =>
  ({ cells }) =>
    cells[cell]?.system;
export const cpu: (cell: CellName) => Pick =
  (cell) =>
  ({ cells }) => {
    const figures = cells[cell];
    return figures && figures.user + figures.system;
  };

function mainTable(results: Results): Table {
  const rows = results.servers.map(({ name, title }) => [
    title,
    median(absolute(results, name, rps(main)), whole),
    times(ratio(results, name, rps(main))),
    median(absolute(results, name, p50(main)), duration),
    median(absolute(results, name, p99(main)), duration),
    median(absolute(results, name, cpu(main)), tenths),
    median(absolute(results, name, user(main)), tenths),
    median(absolute(results, name, system(main)), tenths),
    times(ratio(results, name, cpu(main))),
  ]);
  const head = ['server', 'requests/s', 'ratio', 'p50', 'p99', 'CPU µs a request', 'user', 'system', 'ratio'];
  return table('Text of 12 bytes, 64 connections', head, rows);
}

const cells = cellsOf(workloadNames).filter(({ cell }) => cell !== main);
const heads: string[] = cells.map(({ cell, workload, connections }) =>
  cell.startsWith('text') ? `text, ${connections} conn.` : workload.title,
);

function byWorkload(results: Results, title: string, write: (name: string, cell: CellName) => string): Table {
  const rows = results.servers.map((server) => [
    server.title,
    ...cells.map(({ cell }) => write(server.name, cell)),
  ]);
  return table(title, ['server', ...heads], rows);
}

function memoryTable(results: Results): Table {
  const rows = results.servers.map(({ name, title }) => {
    const show = (pick: Pick, write: (value: number) => string) =>
      median(absolute(results, name, pick), write);
    return [
      title,
      show(({ startMs }) => startMs, whole),
      show(({ idle }) => idle.rss, mebibytes),
      show(({ idle }) => idle.pss, mebibytes),
      show(({ idle }) => idle.dirty, mebibytes),
      show(({ loaded }) => loaded?.rss, mebibytes),
      show(({ loaded }) => loaded?.pss, mebibytes),
      show(({ loaded }) => loaded?.dirty, mebibytes),
      show(
        ({ perConnection }) => perConnection?.dirty,
        (value) => value.toFixed(2),
      ),
    ];
  });
  const head = [
    'server',
    'start ms',
    'idle RSS MiB',
    'PSS',
    'private dirty',
    'loaded RSS',
    'PSS',
    'private dirty',
    'KiB a connection',
  ];
  return table('Start to first answer, memory', head, rows);
}

export function tables(results: Results): Table[] {
  const errors = (name: string, cell: CellName) =>
    median(
      absolute(results, name, ({ cells: it }) => it[cell]?.errors),
      whole,
    );
  const failed = byWorkload(results, 'Failed requests', errors);
  return [
    mainTable(results),
    byWorkload(results, 'Requests/s, ratio', (name, cell) => times(ratio(results, name, rps(cell)))),
    byWorkload(results, 'CPU µs a request', (name, cell) =>
      median(absolute(results, name, cpu(cell)), tenths),
    ),
    byWorkload(results, 'CPU a request, ratio', (name, cell) => times(ratio(results, name, cpu(cell)))),
    byWorkload(results, 'p50', (name, cell) => median(absolute(results, name, p50(cell)), duration)),
    byWorkload(results, 'p99', (name, cell) => median(absolute(results, name, p99(cell)), duration)),
    memoryTable(results),
    failed,
  ].filter(({ head }) => head.length > 1);
}
