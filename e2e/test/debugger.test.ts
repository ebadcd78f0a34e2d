// A debugger on a process that serves: it stands still for longer than a process may be silent, and is left alone.
import { execFileSync } from 'node:child_process';
import { afterEach, expect, it } from 'vitest';
import { text } from '../support/client.ts';
import { saying } from '../support/library.ts';
import { lines } from '../support/processes.ts';
import { start, stopAll } from '../support/server.ts';

afterEach(stopAll);

const hasGdb = (() => {
  try {
    execFileSync('gdb', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('debugger: skipped, gdb is not installed (apt install gdb)');
    return false;
  }
})();

it.runIf(hasGdb)('may hold a process as long as it likes', async () => {
  const server = await start(`/ = ${saying('held')}\n`);
  expect(await text(server.port, '/')).toBe('held');
  const { pid } = server;
  const script = ['-ex', 'break handle_request', '-ex', 'shell sleep 4', '-ex', 'detach'];
  const gdb = execFileSync('gdb', ['-q', '-batch', '-p', `${pid}`, ...script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  expect(gdb).toMatch(/Breakpoint 1 at 0x[0-9a-f]+/);
  expect(await text(server.port, '/')).toBe('held');
  expect(server.pid).toBe(pid);
  expect(lines(server, /killed|replaced/)).toEqual([]);
});
