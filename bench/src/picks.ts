// Which figure of a sample is meant; undefined when the server has none.
import type { Pick } from './results.ts';
import type { Cell } from './turn.ts';
import type { CellName } from './workloads.ts';

/** A figure of a cell. */
export type CellPick = (cell: CellName) => Pick;

const figure =
  (name: keyof Cell): CellPick =>
  (cell) =>
  ({ cells }) =>
    cells[cell]?.[name];

export const rps: CellPick = figure('rps');
export const p50: CellPick = figure('p50');
export const p99: CellPick = figure('p99');
export const user: CellPick = figure('user');
export const system: CellPick = figure('system');
export const errors: CellPick = figure('errors');
export const cpu: CellPick =
  (cell) =>
  ({ cells }) => {
    const figures = cells[cell];
    return figures && figures.user + figures.system;
  };
