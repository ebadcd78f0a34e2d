import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ask, keepAlive, text } from '../support/client.ts';
import { answerOf, install, numbered } from '../support/library.ts';
import { type Server, start, stopAll, temporaryFolder } from '../support/server.ts';

afterEach(stopAll);

const build = numbered();
const folder = temporaryFolder();
const [one, two] = [1, 2].map((n) => {
  const path = join(folder, `${n}.so`);
  install(path, build(n));
  return path;
});

let server: Server;
beforeEach(async () => {
  server = await start(`/ = ${one}\n`);
});

const hup = (config: string) => {
  writeFileSync(server.config, config);
  server.signal('SIGHUP');
};
const lines = (pattern: RegExp) => server.stderr().filter((line) => pattern.test(line));

it('applies a good file without losing a request', async () => {
  const connections = await Promise.all(Array.from({ length: 16 }, () => keepAlive(server.port)));
  let ending = false;
  const load = connections.map(async (connection) => {
    let count = 0;
    for (; !ending; count++) expect((await connection.get('/')).status).toBe(200);
    return count;
  });
  for (let i = 1; i <= 10; i++) {
    hup(`/extra-${i} = ${one}\n/ = ${i % 2 ? two : one}\n`);
    await expect.poll(() => lines(/reloaded, 2 routes/).length).toBe(i);
    expect(await text(server.port, '/')).toBe(answerOf(i % 2 ? 2 : 1));
  }
  ending = true;
  const counts = await Promise.all(load);
  expect(Math.min(...counts)).toBeGreaterThan(10);
  expect(lines(/^(error|warning)/)).toEqual([]);
});

it('keeps an unchanged library loaded as it is, and unloads one that no route names', async () => {
  expect(await text(server.port, '/')).toBe(answerOf(1));
  hup(`/two = ${two}\n/ = ${one}\n`);
  await expect.poll(() => lines(/reloaded/).length).toBe(1);
  expect(await text(server.port, '/')).toBe(answerOf(1));
  expect(await text(server.port, '/two')).toBe(answerOf(2));
  expect(lines(/1\.so: generation/)).toHaveLength(1);
  const { copies } = server.resources();
  hup(`/two = ${two}\n`);
  await expect.poll(() => server.resources().copies).toBe(copies - 1);
  expect((await ask(server.port, '/')).status).toBe(404);
});

it("keeps a canary's library loaded, and unloads it with the canary", async () => {
  const canaried = `/ = ${one}\n[/]\ncanary = ${two}\ncanary_header = X-Canary\n`;
  const options = { headers: { 'x-canary': '1' } };
  hup(canaried);
  await expect.poll(() => lines(/reloaded/).length).toBe(1);
  expect(await text(server.port, '/', options)).toBe(answerOf(2));
  hup(`/none = return 404\n${canaried}`);
  await expect.poll(() => lines(/reloaded/).length).toBe(2);
  expect(await text(server.port, '/', options)).toBe(answerOf(2));
  expect(await text(server.port, '/')).toBe(answerOf(1));
  expect(lines(/2\.so: generation/)).toHaveLength(1);
  const { copies } = server.resources();
  hup(`/ = ${one}\n`);
  await expect.poll(() => server.resources().copies).toBe(copies - 1);
  expect(await text(server.port, '/', options)).toBe(answerOf(1));
});

it('says that proxies are trusted from the next start on', async () => {
  hup(`/ = ${one}\n[server]\ntrusted_proxies = 10.0.0.0/8\n`);
  await expect.poll(() => lines(/\[server\] trusted_proxies: needs a restart$/).length).toBe(1);
});

it('names every error of a bad file and changes nothing', async () => {
  hup(`/ = ${two}\nnonsense\n/a = ${one} ${two}\n[/b]\ntimeuot = 5\n`);
  await expect.poll(() => lines(/not reloaded/).length).toBe(1);
  for (const line of [2, 3, 4]) expect(lines(new RegExp(`^error: .*proxy\\.ini:${line}: `))).not.toEqual([]);
  expect(await text(server.port, '/')).toBe(answerOf(1));
  hup(`/ = ${two}\n`);
  await expect.poll(() => lines(/ini: reloaded/).length).toBe(1);
  expect(await text(server.port, '/')).toBe(answerOf(2));
});

it('says what needs a restart', async () => {
  hup(`/ = ${one}\n[server]\nmax_body = 1m\n`);
  await expect.poll(() => lines(/^warning: .*\[server\] max_body: needs a restart$/).length).toBe(1);
});
