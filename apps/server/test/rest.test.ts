import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** A rest's own aftermath in V8's threads, up to 2 ms, must be little in it: less than 5 ms. */
const LOOK_MS = 1000;

// A process of its own: one that is left alone, unlike the one of the tests.
const program = `
  import { readFileSync } from 'node:fs';
  import { setTimeout as sleep } from 'node:timers/promises';
  import { restWhenQuiet } from ${JSON.stringify(import.meta.resolve('../src/rest.ts'))};

  let rests = 0;
  const megabytes = () => readFileSync('/proc/self/smaps_rollup', 'utf8').match(/Private_Dirty: +(\\d+)/)[1] / 1024;
  const work = (ms) => {
    for (const end = performance.now() + ms; performance.now() < end; );
  };
  const looks = (n) => sleep(n * ${LOOK_MS});

  const seen = [];
  const see = () => seen.push([rests, megabytes()]);
  restWhenQuiet(() => { rests++; }, ${LOOK_MS});
  await looks(3);
  see(); // the start is over
  {
    let garbage = Array.from({ length: 1e6 }, (_, i) => [i]);
    for (let i = 0; i < 200; i++) {
      work(5);
      await sleep(5);
    }
    garbage = null;
  }
  see();
  await looks(9); // time for more than one
  see();
  console.log(JSON.stringify(seen));
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flexilib-rest-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a process that rests when it is quiet', () => {
  it('gives memory back after its start and after work, not during it, and only once; and can end', () => {
    const file = join(folder, 'program.mts');
    writeFileSync(file, program);
    const output = execFileSync(process.execPath, [file], { encoding: 'utf8', timeout: 30_000 });
    const [started, worked, quiet]: [rests: number, megabytes: number][] = JSON.parse(output);
    expect([started[0], worked[0], quiet[0]]).toEqual([1, 1, 2]);
    expect(worked[1]).toBeGreaterThan(started[1] + 50);
    expect(quiet[1]).toBeLessThan(started[1] + 10);
  });
});
