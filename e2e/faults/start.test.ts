import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { run, temporaryFolder } from '../support/server.ts';
import { configOf, endSites, openSite } from './support/site.ts';

afterEach(endSites);

it.each([[[]], [['--no-supervisor']]])('F21 port in use: %j', async (args) => {
  const site = await openSite();
  const { port } = site.server;
  const file = join(temporaryFolder(), 'proxy.ini');
  writeFileSync(file, configOf(''));
  const begun = performance.now();
  const { code, stderr, stdout } = await run(['--config', file, ...args], {
    HOST: '127.0.0.1',
    PORT: `${port}`,
  });
  expect(performance.now() - begun).toBeLessThan(1000);
  expect([code, stdout]).toEqual([1, '']);
  const hint = `the port is in use; \`ss -ltnp 'sport = :${port}'\` shows by whom, PORT sets another`;
  expect(stderr).toBe(`error: 127.0.0.1:${port}: ${hint}\n`);
  await site.pass();
});
