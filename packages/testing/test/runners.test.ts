import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildExecutor } from './build.ts';

let library: string;
beforeAll(() => {
  library = buildExecutor();
});

const out = join(import.meta.dirname, '../dist/test');

/** Runs a file beside the tests, where the package is found. */
async function node(
  args: string[],
  source: string,
): Promise<{ code: number; stdout: string; stderr: string; ms: number }> {
  mkdirSync(out, { recursive: true });
  const file = join(mkdtempSync(join(out, 'runner-')), 'a.test.mjs');
  writeFileSync(file, source.replaceAll('LIBRARY', JSON.stringify(library)));
  const begun = performance.now();
  const child = spawn(process.execPath, [...args, file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? -1)));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await exit, stdout, stderr, ms: performance.now() - begun };
}

describe('node:test', () => {
  it('runs a file of tests', async () => {
    const { code, stdout, stderr } = await node(
      ['--test', '--test-reporter=tap'],
      `import assert from 'node:assert';
       import { after, before, test } from 'node:test';
       import { load } from '@flexilib/testing';
       let exec;
       before(async () => { exec = await load(LIBRARY); });
       after(() => exec.close());
       test('answers', async () => {
         assert.equal((await exec.fetch('/status?404')).status, 404);
       });
       test('does not crash', async () => {
         await assert.rejects(exec.fetch('/crash'), { code: 'FL_CALL_CRASHED' });
       });
       test('prints', async () => {
         await exec.fetch('/print');
       });
       test('leaks nothing', async () => {
         assert.equal((await exec.leaks('/')).leaks, false);
       });`,
    );
    expect(stdout).toMatch('# tests 4\n');
    expect(stdout).toMatch('# pass 4\n');
    expect([code, stderr]).toEqual([0, '']);
  });
});

describe('an executor that is not closed', () => {
  it.each([true, false])('does not keep the process (isolate: %s)', async (isolate) => {
    const { code, stdout, stderr, ms } = await node(
      [],
      `import { load } from '@flexilib/testing';
       const exec = await load(LIBRARY, { isolate: ${isolate} });
       for (const path of ['/', '/exit', '/'])
         console.log(await exec.fetch(path).then(({ status }) => status, ({ code }) => code));`,
    );
    expect([code, stdout, stderr]).toEqual([0, '200\nFL_CALL_CRASHED\n200\n', '']);
    expect(ms).toBeLessThan(5000);
  });
});

describe('what a library prints', () => {
  it('goes to standard error', async () => {
    const { stdout, stderr } = await node(
      [],
      `import { load } from '@flexilib/testing';
       const exec = await load(LIBRARY);
       await exec.fetch('/print');`,
    );
    expect([stdout, stderr]).toEqual(['', 'printed by the library\n']);
  });
});
