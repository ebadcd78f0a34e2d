// deploy/systemd as it is installed, run by a real systemd with all of its sandbox. A system call that the filter forbids kills.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../support/library.ts';
import { temporaryFolder } from '../support/server.ts';
import { UNITS } from '../support/units.ts';
import { boot, canBoot, type Machine } from './machine.ts';

const root = join(import.meta.dirname, '../..');
const url = 'http://127.0.0.1:8069';

/** What an operator would have put in place. */
function installation(): string {
  const files = temporaryFolder();
  const into = (path: string) => {
    mkdirSync(join(files, path), { recursive: true });
    return join(files, path);
  };
  const bundle = execFileSync(process.execPath, [join(root, 'scripts/bundle.mjs')], { encoding: 'utf8' });
  const [archive] = /\S+\.tar\.gz/.exec(bundle)!;
  execFileSync('tar', ['-xzf', archive, '--strip-components=1', '-C', into('opt/flexilib')]);
  copyFileSync(process.execPath, join(into('usr/bin'), 'node'));
  cpSync(UNITS, into('etc/systemd/system'), { recursive: true });
  writeFileSync(
    join(into('etc/systemd/system/flexilib.service.d'), 'test.conf'),
    '[Service]\nSystemCallErrorNumber=kill\nLoadCredential=config.json:/etc/flexilib/registry.json\nEnvironment=DOCKER_CONFIG=%d\n',
  );
  const library = compile(`#include <string.h>
    static flexilib_response response = {.ptr = "called", .len = 6};
    flexilib_response *handle_request(flexilib_request *request) {
      if (memmem(request->target, request->target_len, "crash", 5)) *(volatile int *)8 = 1;
      return &response;
    }`);
  copyFileSync(library, join(into('srv/flexilib'), 'lib.so'));
  const routes = '/lib = /srv/flexilib/lib.so\n/up = http://localhost:9\n/ = return 200 one\n';
  writeFileSync(join(into('etc/flexilib'), 'proxy.ini'), routes);
  execFileSync('chmod', ['-R', 'u+rwX,go+rX', files]);
  writeFileSync(join(files, 'etc/flexilib/registry.json'), '{"auths":{}}', { mode: 0o600 });
  return files;
}

describe.skipIf(!canBoot())('under a real systemd', () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await boot(installation());
  });
  afterAll(() => machine?.stop());

  const systemctl = (...args: string[]) => machine.inside('systemctl', ...args).trim();
  const property = (name: string) => systemctl('show', '-P', name, 'flexilib.service');
  const log = () => machine.inside('journalctl', '-u', 'flexilib', '-o', 'cat', '--no-pager');
  const ask = (path: string) =>
    machine.inside('curl', '-s', '-m', '30', '-w', ' %{http_code}', `${url}${path}`);
  const serving = () => {
    const pids = machine.inside('pgrep', '-P', property('MainPID')).trim().split('\n');
    return pids.at(-1)!;
  };

  it('starts with the first connection', () => {
    expect(systemctl('start', 'flexilib.socket')).toBe('');
    expect(systemctl('is-active', 'flexilib.service')).toBe('inactive');
    expect(ask('/')).toBe('one 200');
    expect(systemctl('is-active', 'flexilib.service')).toBe('active');
    expect(property('StatusErrno')).toBe('0');
  });

  it('calls a library from a place of which code may be executed, and an upstream', () => {
    expect(ask('/lib')).toBe('called 200');
    expect(ask('/up')).toMatch(/502$/);
    const pid = serving();
    expect(machine.inside('cat', `/proc/${pid}/maps`)).toMatch(/r-xp .* \/run\/flexilib\/\S+lib\.so/);
    const mounts = machine.inside('cat', `/proc/${pid}/mountinfo`).split('\n');
    expect(mounts.find((line) => / \/run .*/.test(line))).toMatch(/noexec/);
    expect(mounts.find((line) => / \/run\/flexilib /.test(line))).not.toMatch(/noexec/);
    expect(mounts.find((line) => / \/srv /.test(line)) ?? '').not.toMatch(/noexec/);
  });

  it('has no rights, and a user of its own', () => {
    const status = machine.inside('cat', `/proc/${serving()}/status`);
    expect(status).toMatch(/^CapEff:\t0+$/m);
    expect(status).toMatch(/^CapBnd:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    expect(status).toMatch(/^Uid:\t6\d{4}\t/m);
    const as = ['--user', '--mount', '-t', serving(), 'sh', '-c'];
    expect(machine.inside('nsenter', ...as, 'cat /run/credentials/flexilib.service/config.json')).toBe(
      '{"auths":{}}',
    );
    expect(machine.inside('cat', `/proc/${serving()}/environ`)).toContain(
      'DOCKER_CONFIG=/run/credentials/flexilib.service',
    );
  });

  it('goes on after a crash, with a report', async () => {
    const before = serving();
    expect(ask('/lib/crash')).toMatch(/502$/);
    await expect.poll(serving, { timeout: 20_000 }).not.toBe(before);
    expect(ask('/lib')).toBe('called 200');
    expect(log()).toMatch(/GET \/lib\/crash: crashed: SIGSEGV at address 0x8 in handle_request/);
    expect(log()).toMatch(/ {4}#0 /);
  });

  it('reloads, and upgrades', async () => {
    machine.inside('sed', '-i', 's/200 one/200 two/', '/etc/flexilib/proxy.ini');
    expect(systemctl('reload', 'flexilib')).toBe('');
    await expect.poll(() => ask('/')).toBe('two 200');
    machine.inside(
      'sh',
      '-c',
      'cp -a /opt/flexilib /opt/new && mv /opt/flexilib /opt/old && mv /opt/new /opt/flexilib',
    );
    systemctl('kill', '-s', 'USR2', '--kill-whom=main', 'flexilib.service');
    await expect.poll(log, { timeout: 20_000 }).toMatch(/upgrade: starting[\s\S]*process \d+ serves/);
    expect(ask('/')).toBe('two 200');
    const maps = machine.inside('cat', `/proc/${serving()}/maps`);
    expect(maps).toMatch(/ \/opt\/flexilib\/dist\//);
    expect(maps).not.toMatch(/ \/opt\/old\//);
  });

  it('refuses nobody while it restarts, and loses no request', async () => {
    const client = `const { get } = require('node:http');
      let answers = 0, failures = 0, ending = false;
      process.stdin.on('data', () => { ending = true; });
      process.stdout.write('.');
      const again = () => {
        if (ending) { console.log(answers + ' ' + failures); process.exit(); }
        get('${url}/lib', { agent: false }, (answer) => {
          answer.resume().on('end', () => { answers += answer.statusCode === 200; setImmediate(again); });
        }).on('error', (error) => { failures++; console.error(error.code, error.message); setTimeout(again, 5); });
      };
      again();`;
    const child = spawn('nsenter', ['-t', `${machine.pid}`, '-n', process.execPath, '-e', client]);
    let said = '';
    child.stdout.on('data', (data) => {
      said += data;
    });
    child.stderr.on('data', (data) => process.stderr.write(data));
    await once(child.stdout, 'data');
    for (let i = 0; i < 5; i++) expect(systemctl('restart', 'flexilib.service')).toBe('');
    expect(ask('/lib')).toBe('called 200');
    child.stdin.write('end');
    await once(child, 'close');
    const [answers, failures] = said.slice(1).split(' ').map(Number);
    expect(failures).toBe(0);
    expect(answers).toBeGreaterThanOrEqual(5);
  });

  it('calls libraries from memory where no folder may have code', () => {
    const reset = 'ExecPaths=\\nExecPaths=/usr /opt -/lib -/lib64';
    const file = '/etc/systemd/system/flexilib.service.d/memory.conf';
    machine.inside('sh', '-c', `printf '[Service]\\n${reset}\\n' > ${file}`);
    systemctl('daemon-reload');
    expect(systemctl('restart', 'flexilib.service')).toBe('');
    expect(ask('/lib')).toBe('called 200');
    expect(machine.inside('cat', `/proc/${serving()}/maps`)).toMatch(/r-xp .* \/memfd:\S*lib\.so/);
    machine.inside('rm', file);
    systemctl('daemon-reload');
    expect(systemctl('restart', 'flexilib.service')).toBe('');
  });

  it('comes back when its supervisor is killed', async () => {
    const pid = property('MainPID');
    systemctl('kill', '-s', 'KILL', '--kill-whom=main', 'flexilib.service');
    await expect.poll(() => property('NRestarts'), { timeout: 20_000 }).toBe('1');
    expect(ask('/')).toBe('two 200');
    expect(property('MainPID')).not.toBe(pid);
  });

  it('has made no system call that is forbidden, and ends well', () => {
    expect(log()).not.toMatch(/SIGSYS|signal 31|Bad system call/);
    systemctl('stop', 'flexilib.service');
    expect(property('Result')).toBe('success');
    expect(property('ExecMainStatus')).toBe('0');
    expect(systemctl('is-active', 'flexilib.socket')).toBe('active');
  });
});
