import { mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type Sources, watchSources } from '../src/dev/sources.ts';

let sources: Sources;
afterEach(() => sources.close());

async function watched(): Promise<{ file: string; told: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'flexilib-sources-'));
  const file = join(folder, 'main.c');
  writeFileSync(file, '1');
  const told: string[] = [];
  sources = await watchSources(folder, (changed) => told.push(changed));
  return { file, told };
}

describe('a file', () => {
  it.each([20, 30, 40])('that is written again after %i ms is told again', async (pause) => {
    const { file, told } = await watched();
    writeFileSync(file, '2');
    await expect.poll(() => told, { interval: 1 }).toHaveLength(1);
    await sleep(pause); // a formatter
    writeFileSync(file, '3');
    await expect.poll(() => told.length).toBeGreaterThan(1);
  });

  it('that is written once is told once, whatever its time is', async () => {
    const { file, told } = await watched();
    writeFileSync(file, '2');
    await sleep(200);
    expect(told).toEqual(['main.c']);
    const future = new Date(Date.now() + 3_600_000);
    utimesSync(file, future, future);
    await sleep(300);
    expect(told).toEqual(['main.c', 'main.c']);
  });
});
