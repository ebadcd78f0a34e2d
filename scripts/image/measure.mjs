// One start of a container: how long until it answers, and what its processes hold after requests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { $ } from 'zx';
import { runcConfig } from './runc.mjs';

/** bundle: a folder with a rootfs. Gives `start`, ms from runc's own start to the first answer; `dirty` and `pss`, MiB, after 1000 requests. */
export async function measure(bundle, image, mounts) {
  const port = await freePort();
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(runcConfig(image, mounts, port)));
  const runc = ['--root', join(bundle, 'state')];
  const name = `compare-${process.pid}`;
  const begin = performance.now();
  const child = spawn('runc', [...runc, 'run', '--bundle', bundle, name], { stdio: 'ignore' });
  const exit = once(child, 'exit');
  while (!(await ask(port))) {
    if (child.exitCode !== null) throw new Error(`${bundle}: runc exited with ${child.exitCode}`);
    await sleep(2);
  }
  const start = performance.now() - begin;
  for (let i = 0; i < 1000; i += 1) await ask(port);
  await sleep(2000); // a server gives memory back once nobody is connected
  const pids = JSON.parse((await $`runc ${runc} ps --format json ${name}`).stdout);
  const sums = pids.map((pid) => readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  const sum = (field) =>
    sums.reduce((all, text) => all + Number(new RegExp(`^${field}: +(\\d+)`, 'm').exec(text)[1]), 0) / 1024;
  child.kill('SIGTERM');
  await exit;
  return { start, dirty: sum('Private_Dirty'), pss: sum('Pss') };
}

const ask = (port) =>
  new Promise((resolve) => {
    const request = get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode === 200));
    });
    request.on('error', () => resolve(false));
  });

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
