import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Library, Outcome, type Runtime, startRuntime } from '../src/index.ts';
import { type Answer, askExecutor, type Request } from './ask.ts';

const fixtures = join(import.meta.dirname, '../fixtures');
const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as 'x64' | 'arm64'];
const libraries = readdirSync(fixtures).filter((name) => name.endsWith(`.${machine}.so`));

let runtime: Runtime;
beforeAll(() => {
  runtime = startRuntime({ threads: 2, arenaReserve: 8192, onLog() {}, onDamage() {} });
});
afterAll(() => runtime.stop());

it('has libraries of all three versions', () => {
  for (const version of ['0.11', '0.12', '0.13']) {
    expect(libraries.some((name) => name.includes(`zig-${version}.0`))).toBe(true);
  }
});

describe.each(libraries)('%s', (name) => {
  let library: Library;
  beforeAll(async () => {
    library = (await runtime.load(join(fixtures, name), libraries.indexOf(name))) as Library;
    expect(library).toHaveProperty('address');
  });
  afterAll(async () => {
    expect(await runtime.unload(library)).toEqual({ stillMapped: false, threads: 0, crash: null });
  });

  describe.each(['pool', 'inline'] as const)('%s', (where) => {
    const ask = (target: string, request?: Request): Promise<Answer> =>
      askExecutor({ runtime, library, where }, target, request);

    it('grows a body to 1 MiB through its allocator', async () => {
      const { outcome, body, alloc } = await ask('/grow?1048576');
      expect(outcome).toBe(Outcome.ok);
      expect(body).toBe('abcdefghijklmnopqrstuvwxyz'.repeat(40330).slice(0, 1 << 20));
      expect(alloc).toBeGreaterThanOrEqual(1 << 20);
      expect(alloc).toBeLessThan(8 << 20);
    });

    it('takes and returns memory of every alignment', async () => {
      const { status, body } = await ask('/free');
      expect([status, body]).toEqual([200, 'ok']);
    });

    it('sees the request', async () => {
      const { body } = await ask('/echo', { method: 'POST', fields: [['host', 'x']], content: 'content' });
      expect(body).toBe('POST /echo 1\ncontent');
    });

    it('answers NULL', async () => {
      expect((await ask('/null')).outcome).toBe(Outcome.null);
    });
  });
});
