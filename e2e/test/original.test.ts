import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, text } from '../support/client.ts';
import { start, stopAll } from '../support/server.ts';

afterEach(stopAll);

const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as 'x64' | 'arm64'];
const fixtures = join(import.meta.dirname, '../../packages/native/fixtures');

describe.each(['0.11.0', '0.12.0', '0.13.0'])('a library made for the original by Zig %s', (zig) => {
  it('grows a body to 1 MiB in its request’s arena', async () => {
    const library = join(fixtures, `original-zig-${zig}-ReleaseSmall.${machine}.so`);
    const server = await start(`/ = ${library}\n`);
    const { status, headers, body } = await ask(server.port, '/grow?1048576');
    expect(status).toBe(200);
    expect(headers['x-zig']).toMatch(zig);
    expect(body.length).toBe(1 << 20);
    const alphabet = 'abcdefghijklmnopqrstuvwxyz';
    expect(body.toString()).toBe(alphabet.repeat(Math.ceil(body.length / 26)).slice(0, body.length));
    expect(await text(server.port, '/free')).toBe('ok');
    expect((await ask(server.port, '/null')).status).toBe(500);
    const line = () => server.stdout().find((entry) => entry.includes('/grow'));
    await expect.poll(line).toBeDefined();
    const alloc = Number(/, alloc: (\d+)\)/.exec(line() ?? '')?.[1]);
    // What it ends with, and less than what doubling without end would take.
    expect(alloc).toBeGreaterThanOrEqual(1 << 20);
    expect(alloc).toBeLessThan(8 << 20);
  });
});
