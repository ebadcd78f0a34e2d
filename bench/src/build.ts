// From source to program, when the source is newer. Each step runs once a run, however many peers ask for it.
import { mkdirSync, statSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { $ } from 'zx';
import { built, executor, node, root, serverNode } from './paths.ts';

export const include: string = join(root, 'packages/abi-headers/include');
export const compilerFlags: string[] = ['-std=gnu11', '-O2', '-Wall', '-Wextra', `-I${include}`];

const steps = new Map<string, Promise<void>>();

function changed(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Runs `make` if the product is missing or older than a source. */
export function product(file: string, sources: string[], make: () => Promise<unknown>): Promise<void> {
  let step = steps.get(file);
  if (!step) {
    const oldest = changed(file);
    mkdirSync(dirname(file), { recursive: true });
    step = sources.some((source) => changed(source) >= oldest) ? make().then(() => {}) : Promise.resolve();
    steps.set(file, step);
  }
  return step;
}

/** Compiles C with gcc. */
export function compile(file: string, source: string, flags: string[]): Promise<void> {
  return product(file, [source], () => $`gcc ${compilerFlags} ${flags} -o ${file} ${source}`.quiet());
}

const source: string = join(root, 'bench/executor/executor.c');
const shared: string[] = ['-shared', '-fPIC'];

export function buildExecutor(): Promise<void> {
  return compile(executor, source, shared);
}

export function copyNode(): Promise<void> {
  return product(serverNode, [node], () => copyFile(node, serverNode));
}

/** Two builds that differ in what /build answers. */
export async function buildTwo(): Promise<[string, string]> {
  const file = (name: string) => join(built, `build-${name}.so`);
  const make = (name: string) => compile(file(name), source, [...shared, `-DBUILD="${name}"`]);
  await Promise.all([make('A'), make('B')]);
  return [file('A'), file('B')];
}
