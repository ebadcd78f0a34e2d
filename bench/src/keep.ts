// Results on disk: always in bench/dist, kept ones in bench/results.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { $ } from 'zx';
import { built, results, root } from './paths.ts';

/** In the form that the project's formatter gives it, so that a kept result is no finding of the linter's. */
async function write(file: string, value: unknown): Promise<void> {
  writeFileSync(file, `${JSON.stringify(value, null, 1)}\n`);
}

export async function keep(name: string, value: unknown, save: boolean): Promise<void> {
  const file = join(save ? results : built, `${name}.json`);
  mkdirSync(save ? results : built, { recursive: true });
  await write(file, value);
  if (save) await $({ cwd: root })`node_modules/.bin/biome format --write ${file}`.quiet();
  console.error(`results: ${file}`);
}

/** Undefined when there is none. */
export function kept<T>(name: string): T | undefined {
  try {
    return JSON.parse(readFileSync(join(results, `${name}.json`), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
