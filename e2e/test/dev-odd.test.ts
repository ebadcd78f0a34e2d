// `flexilib dev` where things are not as usual: editors, caches, several tabs, several processes, odd folders.
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, keepAlive, text } from '../support/client.ts';
import { edit, fromTemplate, project, startDev, stopDevs } from '../support/dev.ts';
import { after, answering, c, cProject, eventually, listen, page } from '../support/dev-c.ts';
import { compile, saying } from '../support/library.ts';
import { childrenOf } from '../support/processes.ts';
import { run, temporaryFolder } from '../support/server.ts';

afterEach(stopDevs);

const unloadable = (more = ''): string =>
  `${answering('one').replace('handle_request', 'handle_requests')}${more}`;

describe('a page', () => {
  const withFields = (status: number, ...fields: [string, string][]) =>
    c(`flexilib_response *response = flexilib_printf(${status}, "<p>hello</p>");
    ${fields.map(([name, value]) => `flexilib_add_header(response, "${name}", "${value}");`).join('\n    ')}
    return response;`);
  const type: [string, string] = ['content-type', 'text/html'];

  it('is not cached: its copy would reload for ever', async () => {
    const folder = cProject(
      withFields(200, type, ['etag', 'x'], ['cache-control', 'max-age=60'], ['x-own', '1']),
    );
    const { headers } = await ask((await startDev(folder)).port, '/');
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-own': '1' });
    expect(headers.etag).toBe(undefined);
  });

  it.each<[string, number, [string, string][]]>([
    ['a part', 206, [type, ['content-range', 'bytes 0-11/99']]],
    ['in UTF-16', 200, [['content-type', 'text/html; charset=utf-16']]],
    ['compressed', 200, [type, ['content-encoding', 'gzip']]],
  ])('%s stays as it is', async (_what, status, fields) => {
    const dev = await startDev(cProject(withFields(status, ...fields)));
    expect(await text(dev.port, '/')).toBe('<p>hello</p>');
  });

  it('has no script in what a script asks for', async () => {
    const dev = await startDev(cProject(page));
    const asked = (destination: string) =>
      text(dev.port, '/', { headers: { 'sec-fetch-dest': destination } });
    expect(await asked('empty')).toBe('<html><body>hello</body></html>');
    expect(await asked('document')).toMatch('<script src="/@flexilib/client.js"');
  });

  it('that is made while a swap comes has the version before it', async () => {
    const slow = `#define _GNU_SOURCE
${page.replace('    return', '    usleep(600000);\n    return').replace('FLEXILIB_EXECUTOR', '#include <unistd.h>\nFLEXILIB_EXECUTOR')}`;
    const folder = cProject(slow);
    const dev = await startDev(folder);
    const version = async () => Number(/data-version="(\d+)"/.exec(await text(dev.port, '/'))?.[1]);
    const first = await version();
    const during = version();
    await sleep(100);
    edit(folder, 'src/main.c', slow.replace('hello', 'hullo'));
    await expect.poll(() => dev.lines().at(-1), eventually).toMatch('swapped in');
    expect(await during).toBe(first);
    expect(await version()).toBe(first + 1);
  });

  it('that is open holds up neither the end nor a successor', async () => {
    const dev = await startDev(cProject(page));
    listen(dev.port);
    const connection = await keepAlive(dev.port);
    expect((await connection.get('/')).body).toMatch('hello');
    await ask(dev.port, '/@flexilib/client.js');
    const begun = performance.now();
    dev.signal('SIGINT');
    expect(await dev.exit).toBe(0);
    expect(performance.now() - begun).toBeLessThan(4000); // the grace is 10 s
  });

  it('under a foreign name sees no sources', async () => {
    const folder = cProject(answering('one').replace('return', 'retrun'));
    const dev = await startDev(folder);
    const headers = { host: `evil.example:${dev.port}` };
    expect(await text(dev.port, '/', { headers })).toBe('Service Unavailable\n');
    expect(await text(dev.port, '/@flexilib/events', { headers })).toBe('Service Unavailable\n'); // the route's
    for (const host of ['localhost', 'demo.localhost:1', '127.0.0.1', '[::1]:80'])
      expect(await text(dev.port, '/', { headers: { host } })).toMatch('does not build');
  });
});

describe('a build', () => {
  it('of the same bytes is no swap', async () => {
    const folder = cProject(answering('one'));
    const dev = await startDev(folder);
    await text(dev.port, '/');
    const { states } = listen(dev.port);
    edit(folder, 'data.json', '{}');
    await expect
      .poll(() => dev.lines().at(-1), eventually)
      .toMatch(/^✓ dist\/liba\.so built in .*, as before \(data\.json\)$/);
    edit(folder, 'data.sqlite-wal', '1');
    await sleep(300);
    expect(dev.lines().at(-1)).toMatch('data.json');
    expect(new Set(states.map(({ version }) => version)).size).toBe(1);
  });

  it('that goes on after its library is made is one swap', async () => {
    const folder = fromTemplate('zig');
    const script = readFileSync(join(folder, 'build.zig'), 'utf8');
    const after = 'b.getInstallStep().dependOn(&install.step);';
    const slow = `const rest = b.addSystemCommand(&.{ "sleep", "0.6" });
    rest.step.dependOn(&install.step);
    b.getInstallStep().dependOn(&rest.step);`;
    expect(script).toMatch(after);
    edit(folder, 'build.zig', script.replace(after, slow));
    const dev = await startDev(folder);
    const before = await text(dev.port, '/');
    const source = readFileSync(join(folder, 'src/root.zig'), 'utf8');
    edit(folder, 'src/root.zig', source.replaceAll('Hello', 'Hullo'));
    await expect.poll(() => dev.lines().at(-1), eventually).toMatch(/built in .* \(src\/root\.zig\)/);
    expect(dev.lines().at(-1)).toMatch('swapped in');
    expect(dev.lines().filter((line) => /swapped in/.test(line))).toHaveLength(1);
    expect(await text(dev.port, '/')).not.toBe(before);
  });

  it('that does not load again is told again', async () => {
    const folder = cProject(answering('one'));
    const dev = await startDev(folder);
    expect(await text(dev.port, '/')).toBe('one');
    edit(folder, 'src/main.c', unloadable());
    const told = () => dev.lines().filter((line) => /^✗ .*does not load/.test(line));
    await expect.poll(told, eventually).toHaveLength(1);
    edit(folder, 'src/main.c', unloadable('int other;\n'));
    await expect.poll(told, eventually).toHaveLength(2);
    expect(await text(dev.port, '/')).toMatch('does not load');
  });

  it('that fails at first is told with --keep-serving too', async () => {
    const dev = await startDev(cProject(answering('one').replace('return', 'retrun')), ['--keep-serving']);
    expect(await text(dev.port, '/')).toMatch(/does not build\n\nsrc\/main\.c:6:5: error/);
  });

  it('counts when all processes serve it', async () => {
    const folder = cProject(answering('one'));
    const dev = await startDev(folder, [], { WORKERS: '2' });
    for (let i = 0; i < 20; i++) await text(dev.port, '/');
    edit(folder, 'src/main.c', answering('two'));
    await expect.poll(() => dev.lines().at(-1), eventually).toMatch('swapped in');
    for (let i = 0; i < 40; i++) expect(await text(dev.port, '/')).toBe('two');
    expect(dev.lines().filter((line) => /swapped in/.test(line))).toHaveLength(1);
  });

  it('while no process serves reaches the next one', async () => {
    const folder = cProject(answering('one'));
    const dev = await startDev(folder);
    expect(await text(dev.port, '/')).toBe('one');
    const [supervisor] = childrenOf(dev.pid);
    process.kill(childrenOf(supervisor)[0], 'SIGKILL');
    edit(folder, 'src/main.c', answering('two'));
    await expect.poll(() => dev.lines().join('\n'), eventually).toMatch('swapped in');
    expect(await text(dev.port, '/')).toBe('two');
  });

  it('of nobody here is told when it is swapped', async () => {
    const library = saying('one');
    const folder = project({ 'proxy.ini': `/ = ${library}\n` });
    const dev = await startDev(folder);
    expect(await text(dev.port, '/')).toBe('one');
    renameSync(
      compile(
        'flexilib_response *handle_request(flexilib_request *r) { static flexilib_response a = {.ptr = "two", .len = 3}; (void)r; return &a; }',
      ),
      library,
    );
    await expect.poll(() => dev.lines().at(-1), eventually).toMatch(/^✓ .*lib\.so swapped in \d+ ms$/);
    expect(await text(dev.port, '/')).toBe('two');
  });
});

it('a configuration that is being written is not read', async () => {
  const folder = cProject(answering('one'));
  const dev = await startDev(folder);
  writeFileSync(join(folder, 'proxy.ini'), ''); // as an editor does first
  await sleep(300);
  expect(await text(dev.port, '/')).toBe('one');
  writeFileSync(join(folder, 'proxy.ini'), '/other = ./dist/liba.so\n');
  await expect.poll(() => text(dev.port, '/'), eventually).toMatch('404 Not Found');
  expect(await text(dev.port, '/other')).toBe('one');
});

describe('a folder', () => {
  it('with an editor’s locks and backups builds as without', async () => {
    const folder = cProject(answering('one'));
    const dev = await startDev(folder);
    symlinkSync('nobody@nowhere.1:2', join(folder, 'src/.#other.c')); // Emacs
    edit(folder, 'src/#main.c#', 'half a line');
    edit(folder, 'src/main.c', answering('two'));
    expect(await after(dev, 'one')).toBe('two');
  });

  it('called build is one of sources, deeper down', async () => {
    const folder = cProject(c('return flexilib_printf(200, "%s", other());', 'const char *other(void);'));
    edit(folder, 'src/build/other.c', 'const char *other(void) { return "one"; }\n');
    const dev = await startDev(folder);
    expect(await text(dev.port, '/')).toBe('one');
    edit(folder, 'src/build/other.c', 'const char *other(void) { return "two"; }\n');
    expect(await after(dev, 'one')).toBe('two');
  });

  it('with a link that leads back, and with odd names, is watched', async () => {
    const folder = join(temporaryFolder(), `a b'c"ü`);
    renameSync(cProject(answering('one')), folder);
    const flags = [
      '-std=c11',
      `-I${join(import.meta.dirname, '../../packages/abi-headers/include')}`,
      '-Ia b',
    ];
    writeFileSync(join(folder, 'compile_flags.txt'), flags.join('\n'));
    mkdirSync(join(folder, 'a b'));
    writeFileSync(join(folder, 'a b/own.h'), '#define OWN "two"\n');
    symlinkSync('..', join(folder, 'src/loop'));
    const dev = await startDev(folder);
    edit(folder, 'src/main.c', `#include "own.h"\n${answering('one').replace('"one"', 'OWN')}`);
    expect(await after(dev, 'one')).toBe('two');
  });

  it('that goes and comes back is watched again', async () => {
    const folder = cProject(answering('one'));
    const elsewhere = `${folder}-moved`;
    const dev = await startDev(folder);
    expect(await text(dev.port, '/')).toBe('one');
    renameSync(folder, elsewhere);
    await expect.poll(() => dev.lines().join('\n'), eventually).toMatch('is gone');
    await sleep(200);
    expect(readdirSync(tmpdir())).not.toContain(folder.slice(tmpdir().length + 1));
    renameSync(elsewhere, folder);
    await expect.poll(() => dev.lines().at(-1), eventually).toMatch('built in');
    edit(folder, 'src/main.c', answering('two'));
    await expect.poll(() => text(dev.port, '/'), eventually).toBe('two');
  });

  it('that can’t be written to is told without a stack', async () => {
    const folder = cProject(answering('one'));
    writeFileSync(join(folder, 'dist'), 'a file');
    const { code, stderr } = await run(['build'], {}, folder);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: dist\/liba\.so: .*: E[A-Z]+: .*\n$/)]);
  });

  it('of a tool that was killed goes with the next one', async () => {
    const folder = cProject(answering('one'));
    const first = await startDev(folder);
    first.signal('SIGKILL');
    await first.exit;
    await startDev(folder);
    const left = readdirSync(tmpdir()).filter((name) => name.startsWith(`flexilib-dev-${first.pid}-`));
    expect(left).toEqual([]);
  });
});

it('a compiler that is killed is told', async () => {
  const folder = cProject(answering('one'));
  const tools = temporaryFolder();
  writeFileSync(join(tools, 'cc'), '#!/bin/sh\nkill -9 $$\n');
  chmodSync(join(tools, 'cc'), 0o755);
  const { code, stderr } = await run(['build'], { PATH: tools }, folder);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/cc was killed by SIGKILL; is there too little memory\?/),
  ]);
  rmSync(tools, { recursive: true });
});
