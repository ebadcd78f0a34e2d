// The image as the chart's pod runs it, in a container of runc's: the same arguments, user, mounts and probes. What a kubelet does
// with a ConfigMap and an image volume is done here by hand.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { readLayout, unpack } from '../image/layout.ts';
import { text } from '../support/client.ts';
import { saying } from '../support/library.ts';
import { freePort, temporaryFolder } from '../support/server.ts';
import { goTool } from '../support/tools.ts';

const root = join(import.meta.dirname, '../..');
const layout = join(root, 'dist-image');
const helm = await goTool('helm');

function whyNot(): string | null {
  if (process.getuid?.() !== 0) return 'only root may use runc here';
  if (spawnSync('runc', ['--version']).error) return 'there is no runc';
  if (!existsSync(join(layout, 'index.json'))) return 'there is no dist-image, which `npm run image` makes';
  return null;
}
const why = whyNot();
if (why) process.stderr.write(`the image is not run as a pod: ${why}\n`);

interface Container {
  args: string[];
  env: { name: string; value: string }[];
  volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
  readinessProbe: { exec: { command: string[] } };
}

describe.skipIf(why !== null || !helm)("the chart's pod", () => {
  const bundle = temporaryFolder();
  const name = `flexilib-pod-${process.pid}`;
  const config = join(bundle, 'config');
  const state = ['--root', join(bundle, 'state')];
  const runc = (...args: string[]) => spawnSync('runc', [...state, ...args], { encoding: 'utf8' });
  let container: Container;
  let port: number;
  let said = '';
  let gone: Promise<unknown[]>;
  let version = 0;

  /** As a kubelet does it: another folder, and a link that is swapped. */
  function put(routes: string): void {
    const folder = `..2026_11_26_${++version}`;
    mkdirSync(join(config, folder));
    writeFileSync(join(config, folder, 'proxy.ini'), routes);
    symlinkSync(folder, join(config, '..data_tmp'));
    renameSync(join(config, '..data_tmp'), join(config, '..data'));
  }

  beforeAll(async () => {
    const set = 'executors.images[0].name=api,executors.images[0].reference=x';
    const args = [
      'template',
      'web',
      join(root, 'deploy/helm/flexilib'),
      '--kube-version',
      '1.35.0',
      '--set',
      set,
    ];
    const made = execFileSync(helm!, args, { encoding: 'utf8' });
    const deployment = parseAllDocuments(made)
      .map((document) => document.toJS())
      .find(({ kind }) => kind === 'Deployment');
    [container] = deployment.spec.template.spec.containers;

    const images = readLayout(layout).images;
    const image = images.get(`linux/${process.arch === 'x64' ? 'amd64' : process.arch}`)!;
    unpack(image, join(bundle, 'rootfs'));
    mkdirSync(config);
    put('/api = /executors/api/libapi.so\n/ = return 200 one\n');
    symlinkSync('..data/proxy.ini', join(config, 'proxy.ini'));
    const executors = join(bundle, 'executors');
    mkdirSync(executors);
    copyFileSync(saying('called'), join(executors, 'libapi.so'));

    const mounts = container.volumeMounts.map(({ name, mountPath, readOnly }) => {
      const options = ['bind', 'nosuid', 'nodev'];
      let source = join(bundle, name);
      if (name === 'config') source = config;
      else if (name === 'executors-api') {
        source = executors;
        options.push('noexec'); // as containerd and CRI-O mount image volumes
      } else {
        mkdirSync(source); // an emptyDir, with fsGroup
        chownSync(source, 0, 65532);
        chmodSync(source, 0o2777);
      }
      return { destination: mountPath, type: 'bind', source, options: [...options, readOnly ? 'ro' : 'rw'] };
    });
    port = await freePort();
    const { Entrypoint, Env } = image.config.config as { Entrypoint: string[]; Env: string[] };
    const environment = container.env.map(({ name, value }) => `${name}=${value}`);
    const spec = {
      ociVersion: '1.0.2',
      process: {
        user: { uid: 65532, gid: 65532, additionalGids: [65532] },
        args: [...Entrypoint, ...container.args],
        env: [...Env, ...environment, `PORT=${port}`],
        cwd: '/',
        capabilities: {},
        noNewPrivileges: true,
      },
      root: { path: 'rootfs', readonly: true },
      mounts: [
        { destination: '/proc', type: 'proc', source: 'proc' },
        { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
        ...mounts,
      ],
      linux: { namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })) },
    };
    mkdirSync(join(bundle, 'rootfs/executors/api'), { recursive: true }); // a runtime makes it before the root is read-only
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec));
    const child = spawn('runc', [...state, 'run', '--bundle', bundle, name]);
    child.stdout.resume();
    child.stderr.on('data', (data) => {
      said += data;
    });
    gone = once(child, 'exit');
  });
  afterAll(() => {
    runc('kill', name, 'KILL');
    runc('delete', '--force', name);
  });

  const probe = () => runc('exec', name, ...container.readinessProbe.exec.command);

  it('serves, and its probes say so', async () => {
    await expect.poll(() => said, { timeout: 30_000 }).toMatch(/^listening on /m);
    expect(await text(port, '/')).toBe('one');
    expect(probe()).toMatchObject({ status: 0, stderr: '' });
    expect(said).not.toMatch(/error|warning/);
  });

  it('calls a library of an image volume, from which nothing may be executed', async () => {
    expect(await text(port, '/api')).toBe('called');
    expect(said).not.toMatch(/noexec|live in memory/);
  });

  it('reads the ConfigMap again when it changes', async () => {
    put('/ = return 200 two\n');
    await expect.poll(() => said).toMatch(/proxy\.ini: reloaded, 1 route/);
    expect(await text(port, '/')).toBe('two');
  });

  it('ends on TERM, as the first process of its namespace', async () => {
    expect(runc('kill', name, 'TERM').status).toBe(0);
    expect(await gone).toEqual([0, null]);
    expect(readFileSync(join(config, 'proxy.ini'), 'utf8')).toBe('/ = return 200 two\n');
  });
});
