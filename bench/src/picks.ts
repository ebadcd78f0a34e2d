// Which figure of a sample is meant; undefined when the server has none.
import type { Pick } from './results.ts';
import type { CellName } from './workloads.ts';

/** A figure of a cell. */
export type CellPick = (cell: CellName) => Pick;

export const rps: CellPick =
  (cell) =>
  ({ cells }) =>
    cells[cell]?.rps;
export const p50: CellPick =
  (cell) =>
  ({ cells }) =>
    cells[cell]?.p50;
export const p99: CellPick =
  (cell) =>
  ({ cells }) =>
    cells[cell]?.p99;
export const user: CellPick =
  (cell) =>
  ({ cells }) =>
    cells[cell]?.user;
export const system: CellPick =
  (cell) =>
  ({ cells }) =>
    cells[cell]?.system;
export const cpu: CellPick =
  (cell) =>
  ({ cells }) => {
    const figures = cells[cell];
    return figures && figures.user + figures.system;
  };
export const errors: CellPick =
  (cell) =>
  ({ cells }) =>
    cells[cell]?.errors;
