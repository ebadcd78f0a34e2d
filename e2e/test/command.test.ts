import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { text } from '../support/client.ts';
import { answerOf, install, numbered } from '../support/library.ts';
import { run, start, stopAll, temporaryFolder } from '../support/server.ts';

afterEach(stopAll);

function configured(config: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'proxy.ini'), config);
  return folder;
}

describe('the command line', () => {
  it.each([['--help'], ['-h'], ['help']])('%s explains', async (flag) => {
    const { code, stdout, stderr } = await run([flag]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch('flexilib [serve] [--config FILE]');
  });

  it('tells its version', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, stdout: 'flexilib 0.1.0\n', stderr: '' });
  });

  it.each([
    [['--nope'], "Unknown option '--nope'"],
    [['bake'], 'there is no command bake'],
    [['serve', 'a.ini'], 'name the file with --config a.ini'],
    [['check', 'a', 'b'], 'check takes one file'],
    [['--config'], "Option '-c, --config <value>' argument missing"],
  ])('%j is wrong usage', async (args, text) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: .*; `flexilib --help` shows the usage\n$/);
    expect(stderr).toMatch(text);
  });
});

describe('check', () => {
  it('finds nothing wrong', async () => {
    const folder = configured('/ = ./lib.so\n');
    install(join(folder, 'lib.so'), numbered()(1));
    expect(await run(['check'], {}, folder)).toEqual({
      code: 0,
      stdout: './proxy.ini: ok, 1 route\n',
      stderr: '',
    });
  });

  it('counts upstreams, and warns of files of TLS that are not there', async () => {
    const folder = configured(`
/a = http://10.0.0.7 http://10.0.0.8
/b = http://10.0.0.7
/c = return 404
/ = https://10.0.0.9
[/a]
canary = http://10.0.0.10
canary_weight = 5%
[/b]
mirror = http://10.0.0.11
[/]
tls_ca = tls/ca.pem
tls_certificate = proxy.ini
tls_key = proxy.ini
`);
    const { code, stdout, stderr } = await run(['check', join(folder, 'proxy.ini')]);
    expect([code, stdout]).toEqual([0, `${join(folder, 'proxy.ini')}: ok, 4 routes, 5 upstreams\n`]);
    expect(stderr).toBe(`warning: ${join(folder, 'tls/ca.pem')}: there is no such file yet\n`);
  });

  it('warns of libraries that would not load', async () => {
    const folder = configured('/a = ./text.so\n/ = ./nowhere.so\n');
    writeFileSync(join(folder, 'text.so'), 'text');
    const { code, stderr } = await run(['check', join(folder, 'proxy.ini')]);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^warning: .*text\.so: is no ELF file\nwarning: .*nowhere\.so: there is no such file yet\n$/,
    );
  });

  it('names all errors, each with its line', async () => {
    const folder = configured('x = ./lib.so\n\n/ = ftp://127.0.0.1:1\n[sever]\nport = 1\n');
    const { code, stdout, stderr } = await run(['check'], { PORT: 'abc' }, folder);
    expect([code, stdout]).toEqual([1, '']);
    const lines = stderr.trimEnd().split('\n');
    expect(lines.map((line) => /^error: (?:\.\/proxy\.ini:(\d+)|PORT): /.exec(line)?.[1])).toEqual([
      '1',
      '3',
      '4',
      undefined,
      undefined,
    ]);
    expect(lines[2]).toMatch('[server]');
    expect(lines[3]).toMatch(/^error: PORT: /);
    expect(lines[4]).toBe('./proxy.ini: 4 errors');
  });
});

describe('serve', () => {
  it('takes ./proxy.ini, and paths relative to it', async () => {
    const folder = configured('/ = ./lib.so\n');
    install(join(folder, 'lib.so'), numbered()(5));
    const server = await start({ file: join(folder, 'proxy.ini') });
    expect(await text(server.port, '/')).toBe(answerOf(5));
    expect(server.stderr()[0]).toBe(`listening on http://127.0.0.1:${server.port}`);
  });

  it('says which file it misses', async () => {
    const { code, stderr } = await run([]);
    expect([code, stderr]).toEqual([1, 'error: ./proxy.ini: no such file; name one with --config FILE\n']);
  });

  it('says who has the port, within a second', async () => {
    const folder = configured('/ = ./lib.so\n');
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    const begun = performance.now();
    const { code, stderr } = await run(['serve'], { HOST: '127.0.0.1', PORT: String(port) }, folder);
    expect(performance.now() - begun).toBeLessThan(1000);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      `error: 127.0.0.1:${port}: the port is in use; \`ss -ltnp 'sport = :${port}'\` shows by whom`,
    );
    other.close();
  });
});
