// Results on disk: always in bench/dist, kept ones in bench/results.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { $ } from 'zx';
import { built, results, root } from './paths.ts';

const LINE = 110;

/** Objects that hold nothing but figures take a line each, if they fit: there are thousands. */
function text(value: unknown): string {
  const spread = JSON.stringify(value, null, 2);
  const short = spread.replace(/^( *)(.*)\{\s+([^{}[\]]+?)\s+\}/gm, (whole, indent, key, inner) => {
    const line = `${indent}${key}{ ${inner.replace(/\n\s+/g, ' ')} }`;
    return line.length < LINE ? line : whole;
  });
  return `${short}\n`;
}

/** What is there so far. */
export function leave(name: string, value: unknown): void {
  mkdirSync(built, { recursive: true });
  writeFileSync(join(built, `${name}.json`), text(value));
}

export async function keep(name: string, value: unknown, save: boolean): Promise<void> {
  leave(name, value);
  if (!save) return console.error(`results: ${join(built, `${name}.json`)}`);
  const file = join(results, `${name}.json`);
  mkdirSync(results, { recursive: true });
  writeFileSync(file, text(value));
  // A kept result must be no finding of the linter's.
  await $({ cwd: root })`node_modules/.bin/biome format --write ${file}`.quiet();
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
