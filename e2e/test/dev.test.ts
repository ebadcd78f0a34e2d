import { once } from 'node:events';
import { openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, text } from '../support/client.ts';
import { edit, project, spawnDev, startDev, stopDevs } from '../support/dev.ts';
import { after, answering, c, cProject, eventually, html, listen, page } from '../support/dev-c.ts';
import { childrenOf, isAlive } from '../support/processes.ts';
import { run } from '../support/server.ts';

afterEach(stopDevs);

describe('a save', () => {
  it('is a new answer', async () => {
    const folder = cProject(answering('one'));
    const dev = await startDev(folder);
    expect(await text(dev.port, '/')).toBe('one');
    edit(folder, 'src/main.c', answering('two'));
    expect(await after(dev, 'one')).toBe('two');
    await expect
      .poll(() => dev.lines().at(-1))
      .toMatch(/^✓ dist\/liba\.so built in \d.*s, swapped in \d+ ms \(src\/main\.c\)$/);
  });

  it('by a rename over the file, and in a new file, too', async () => {
    const folder = cProject(answering('one'));
    const dev = await startDev(folder);
    expect(await text(dev.port, '/')).toBe('one');
    edit(folder, 'src/main.c~', answering('two'));
    renameSync(join(folder, 'src/main.c~'), join(folder, 'src/main.c'));
    expect(await after(dev, 'one')).toBe('two');
    edit(folder, 'src/other.c', 'const char *other(void) { return "three"; }\n');
    edit(folder, 'src/main.c', c('return flexilib_printf(200, "%s", other());', 'const char *other(void);'));
    expect(await after(dev, 'two')).toBe('three');
  });

  it('that changes nothing costs no request', async () => {
    const folder = cProject(answering('one'));
    const dev = await startDev(folder);
    const answers = new Set<string>();
    for (let i = 0; i < 20; i++) {
      edit(folder, 'src/main.c', answering(i < 10 ? 'one' : 'two'));
      answers.add(await text(dev.port, '/'));
    }
    answers.add(await after(dev, 'one'));
    expect([...answers]).toEqual(expect.arrayContaining(['two']));
    expect([...answers].filter((answer) => answer !== 'one' && answer !== 'two')).toEqual([]);
  });
});

it('a warning is told, and stops nothing', async () => {
  const folder = cProject(answering('one'));
  const dev = await startDev(folder);
  edit(folder, 'src/main.c', c('int unused;\n    return flexilib_printf(200, "two");'));
  await expect.poll(() => text(dev.port, '/'), eventually).toBe('two');
  expect(dev.lines().join('\n')).toMatch(/^src\/main\.c:6:9: warning: unused variable 'unused'/m);
});

describe('a syntax error', () => {
  const broken = answering('one').replace('return', 'retrun');

  it('is told in the terminal, as text and as a page, until it is mended', async () => {
    const folder = cProject(answering('one'));
    const dev = await startDev(folder);
    expect(await text(dev.port, '/')).toBe('one');
    edit(folder, 'src/main.c', broken);
    const told = await after(dev, 'one');
    const { status, headers, body } = await ask(dev.port, '/', { headers: html });
    expect(told).toMatch(/^dist\/liba\.so does not build\n\nsrc\/main\.c:6:5: error: .*'retrun'/);
    expect([status, headers['content-type']]).toEqual([500, 'text/html; charset=utf-8']);
    expect(body.toString()).toMatch('<h1>dist/liba.so does not build</h1>');
    expect(body.toString()).toMatch(/&#x27;retrun&#x27;|'retrun'/);
    const terminal = dev.lines().join('\n');
    expect(terminal).toMatch(/^src\/main\.c:6:5: error: .*'retrun'/m);
    expect(terminal).toMatch(/^error: dist\/liba\.so: the build failed \(src\/main\.c\)$/m);
    edit(folder, 'src/main.c', answering('two'));
    await expect.poll(() => text(dev.port, '/'), eventually).toBe('two');
  });

  it('leaves the build before it with --keep-serving', async () => {
    const folder = cProject(answering('one'));
    const dev = await startDev(folder, ['--keep-serving']);
    expect(await text(dev.port, '/')).toBe('one');
    edit(folder, 'src/main.c', broken);
    await expect.poll(() => dev.lines().at(-1), eventually).toMatch('the build before it goes on');
    expect(await text(dev.port, '/')).toBe('one');
  });

  it('is no reason not to begin', async () => {
    const folder = cProject(broken);
    const dev = await startDev(folder);
    const told = await text(dev.port, '/');
    expect(told).toMatch('does not build');
    edit(folder, 'src/main.c', answering('two'));
    expect(await after(dev, told)).toBe('two');
  });
});

it('a library that does not load is told like one that does not build', async () => {
  const folder = cProject(answering('one'));
  const dev = await startDev(folder);
  expect(await text(dev.port, '/')).toBe('one');
  edit(folder, 'src/main.c', answering('one').replace('handle_request', 'handle_requests'));
  expect(await after(dev, 'one')).toMatch(/^dist\/liba\.so does not load\n\n.*exports no handle_request/);
  const told = () => dev.lines().join('\n'); // the server's own line may come after it
  await expect.poll(told, eventually).toMatch(/^✗ dist\/liba\.so built in .*, but does not load/m);
});

it('a crash is answered with its report and the lines of source', async () => {
  const folder = cProject(c('*(volatile int *)0 = 1;\n    return NULL;'));
  const dev = await startDev(folder);
  const { status, body } = await ask(dev.port, '/x?y');
  expect(status).toBe(502);
  expect(body.toString()).toMatch(
    /^502 Bad Gateway\n\nGET \/x\?y: crashed: SIGSEGV at address 0x0 in handle_request\+0x[0-9a-f]+\n {2}#0 handle_request\S* at src\/main\.c:6\n/,
  );
  expect(body.toString()).toMatch(/^> 6 \| {5}\*\(volatile int \*\)0 = 1;$/m);
  await expect.poll(() => dev.lines().join('\n')).toMatch(/crashed: SIGSEGV .*\n.*at src\/main\.c:6/);
  for (let i = 0; i < 8; i++) expect((await ask(dev.port, '/')).status).toBe(502); // it is never taken out
  edit(folder, 'src/main.c', answering('mended'));
  await expect.poll(() => text(dev.port, '/'), eventually).toBe('mended');
});

it('an endless loop is answered at its deadline', async () => {
  const config = '/ = ./dist/liba.so\n[server]\ntimeout = 300ms\n';
  const folder = cProject(c('for (volatile int i = 0;; i++) {}'), config);
  const dev = await startDev(folder);
  const { status, body } = await ask(dev.port, '/');
  expect(status).toBe(504);
  expect(body.toString()).toMatch(/^504 Gateway Timeout\n\nGET \/: .*no answer within 300 ms/);
  edit(folder, 'src/main.c', answering('mended'));
  await expect.poll(() => text(dev.port, '/'), eventually).toBe('mended');
});

it('what has no route is told', async () => {
  const dev = await startDev(cProject(answering('one'), '/a = ./dist/liba.so\n'));
  const { status, body } = await ask(dev.port, '/b');
  expect([status, body.toString()]).toEqual([
    404,
    '404 Not Found\n\nGET /b: no route of the configuration matches its path\n',
  ]);
});

describe('a page', () => {
  it('has the script that reloads it; other answers stay as they are', async () => {
    const folder = cProject(page);
    const dev = await startDev(folder);
    const { body, headers } = await ask(dev.port, '/');
    expect(body.toString()).toMatch(
      /^<html><body>hello<script src="\/@flexilib\/client\.js" data-version="\d+"><\/script><\/body><\/html>$/,
    );
    expect(headers['content-length']).toBe(String(body.length));
    expect(await text(dev.port, '/@flexilib/client.js')).toMatch('location.reload()');
    expect(await text(dev.port, '/@flexilib/style.css')).toMatch('main {');
    expect(await text(dev.port, '/@flexilib/other')).toMatch('hello'); // the library's business
  });

  it('hears of a swap, of a failure, and of its end', async () => {
    const folder = cProject(page);
    const dev = await startDev(folder);
    await text(dev.port, '/');
    const { states } = listen(dev.port);
    await expect.poll(() => states.length).toBe(1);
    expect(states[0]).toMatchObject({ failure: null });
    const version = (swaps: number) => String(Number(states[0].version) + swaps);
    edit(folder, 'src/main.c', page.replace('hello', 'hullo'));
    await expect.poll(() => states.at(-1), eventually).toMatchObject({ version: version(1), failure: null });
    edit(folder, 'src/main.c', page.replace('return', 'retrun'));
    await expect
      .poll(() => states.at(-1), eventually)
      .toMatchObject({ version: version(1), failure: { title: 'dist/liba.so does not build' } });
    edit(folder, 'src/main.c', page);
    await expect.poll(() => states.at(-1), eventually).toMatchObject({ version: version(2), failure: null });
  });
});

it('a route that is added is built and served', async () => {
  const folder = cProject(answering('one'));
  const other = cProject(answering('other'));
  const dev = await startDev(folder);
  writeFileSync(join(folder, 'proxy.ini'), `/other = ${other}/dist/liba.so\n/ = ./dist/liba.so\n`);
  await expect.poll(() => text(dev.port, '/other'), eventually).toBe('other');
  writeFileSync(join(folder, 'proxy.ini'), 'nonsense\n');
  await expect.poll(() => dev.lines().join('\n'), eventually).toMatch('the configuration before it goes on');
  edit(other, 'src/main.c', answering('another'));
  expect(await after(dev, 'other', '/other')).toBe('another');
});

it('its own output in the folder is no change', async () => {
  const folder = cProject(answering('one'));
  const output = join(folder, 'output');
  const fd = openSync(output, 'w');
  const dev = spawnDev(folder, ['ignore', fd, fd]);
  const said = () => readFileSync(output, 'utf8');
  await expect.poll(said, eventually).toMatch('listening on');
  edit(folder, 'src/main.c', answering('two'));
  await expect.poll(said, eventually).toMatch('swapped in');
  await sleep(1000);
  expect(said().match(/built in/g)).toHaveLength(2);
  dev.kill('SIGTERM');
  await once(dev, 'exit');
});

describe('the end', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('%s ends the server too', async (signal) => {
    const dev = await startDev(cProject(answering('one')));
    const [server] = childrenOf(dev.pid);
    await text(dev.port, '/');
    dev.signal(signal);
    expect(await dev.exit).toBe(0);
    expect(isAlive(server)).toBe(false);
  });

  it('a server whose tool was killed does not stay', async () => {
    const dev = await startDev(cProject(answering('one')));
    const [server] = childrenOf(dev.pid);
    dev.signal('SIGKILL');
    expect(await dev.exit).toBe('SIGKILL');
    await expect.poll(() => isAlive(server), { timeout: 15_000 }).toBe(false);
  });
});

describe('usage', () => {
  it.each([
    [['dev', '--nope'], 2, /^error: Unknown option '--nope'; `flexilib dev --help` shows the usage\n$/],
    [['dev', 'a', 'b'], 2, /^error: dev takes one folder/],
    [['dev'], 1, /^error: .*proxy\.ini: no such file; a project has a proxy\.ini that names its library\n$/],
    [['build'], 1, /no such file/],
  ])('%j', async (args, code, said) => {
    const result = await run(args);
    expect([result.code, result.stdout]).toEqual([code, '']);
    expect(result.stderr).toMatch(said);
  });

  it.each(['dev', 'build', 'test', 'invoke', 'inspect'])('%s --help', async (verb) => {
    const { code, stdout, stderr } = await run([verb, '--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(`Usage: flexilib ${verb} `);
  });

  it('a compiler that is missing is named, with the way to get it', async () => {
    const folder = project({ 'proxy.ini': '/ = ./dist/liba.so\n', 'Cargo.toml': '', 'src/lib.rs': '' });
    const { code, stderr } = await run(
      ['build'],
      { PATH: '/nowhere', HOME: folder, CARGO_HOME: folder },
      folder,
    );
    expect([code, stderr]).toEqual([
      1,
      'error: dist/liba.so: cargo is not installed; https://rustup.rs installs Rust\n',
    ]);
  });

  it('says when a build makes another library than the configuration names', async () => {
    const folder = cProject(answering('one'));
    expect((await run(['build'], {}, folder)).code).toBe(0);
    expect(readFileSync(join(folder, 'dist/liba.so')).length).toBeGreaterThan(1000);
    rmSync(join(folder, 'src/main.c'));
    const { code, stderr } = await run(['build'], {}, folder);
    expect([code, stderr]).toEqual([1, expect.stringMatching('there is no C source in src/')]);
  });
});
