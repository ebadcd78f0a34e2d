// What is in deploy/, by the tools of those who will read it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { text } from '../support/client.ts';
import { childrenOf } from '../support/processes.ts';
import { freePort, isListening, run, stopAll, temporaryFolder } from '../support/server.ts';
import { goTool } from '../support/tools.ts';
import { copyUnits, execStart, hasSystemd } from '../support/units.ts';
import { kubernetesValidate } from '../support/validate.ts';

const root = join(import.meta.dirname, '../..');
const deploy = join(root, 'deploy');
const flexilib = join(root, 'apps/server/bin/flexilib.cjs');
const helm = await goTool('helm');
const compose = await goTool('compose');
const validate = kubernetesValidate();

afterEach(stopAll);

const tool = (program: string, args: string[], cwd: string = root) => {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd });
  return { status, said: `${stdout}${stderr}` };
};

describe.skipIf(!hasSystemd())('systemd', () => {
  const security = (service: string) =>
    tool('systemd-analyze', ['security', '--no-pager', '--offline=true', '--threshold=20', service]);
  const verify = ({ service, socket }: { service: string; socket: string }) =>
    tool('systemd-analyze', ['verify', '--man=no', service, socket]);

  it('finds nothing wrong with the units, and the service little exposed: 2.0 at most', () => {
    const units = copyUnits();
    expect(verify(units)).toEqual({ status: 0, said: '' });
    const { status, said } = security(units.service);
    expect(said).toMatch(/Overall exposure level for flexilib.service: [01]\.\d OK/);
    expect(status).toBe(0);
  });

  it('would find it', () => {
    const open = copyUnits((service) => service.replace(/^SystemCallFilter=.*$/gm, ''));
    expect(security(open.service).status).not.toBe(0);
    const odd = copyUnits((service) => service.replace('KillMode=mixed', 'KillMode=mixd'));
    expect(verify(odd).said).toMatch(/kill mode/);
  });

  it('starts the service with the first connection, on the socket that it holds', async () => {
    const port = await freePort();
    const config = join(temporaryFolder(), 'proxy.ini');
    writeFileSync(config, '/ = return 200 activated\n');
    const environment = [`FLEXILIB_RUN_DIR=${temporaryFolder()}`, 'PORT=1'].flatMap((set) => ['-E', set]);
    const manager = spawn(
      'systemd-socket-activate',
      [...environment, '-l', `127.0.0.1:${port}`, ...execStart(flexilib, config)],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    manager.stderr.on('data', (data) => {
      said += data;
    });
    const gone = once(manager, 'close');
    await expect.poll(() => isListening(port)).toBe(true);
    expect(childrenOf(manager.pid!)).toEqual([]); // nothing serves yet
    expect(await text(port, '/')).toBe('activated');
    expect(said).toMatch(new RegExp(`^listening on http://127.0.0.1:${port}$`, 'm'));
    manager.kill('SIGTERM'); // it has become the supervisor
    expect(await gone).toEqual([0, null]);
  });
});

describe.skipIf(!helm)('chart', () => {
  const chart = join(deploy, 'helm/flexilib');
  const template = (values: unknown = {}) => {
    const file = join(temporaryFolder(), 'values.json');
    writeFileSync(file, JSON.stringify(values));
    const args = ['template', 'web', chart, '--namespace', 'shop', '--kube-version', '1.35.0', '-f', file];
    return tool(helm!, args);
  };
  /** One that uses everything. */
  const all = {
    image: { digest: `sha256:${'0'.repeat(64)}` },
    imagePullSecrets: ['registry'],
    routes: '/more = oci://ghcr.io/acme/more:1.2\n/ = return 404\n[/more]\ntimeout = 5s\n',
    server: { max_memory: '256m', max_connections: 1_000_000, workers: 2, trusted_proxies: '10.0.0.0/8' },
    files: { 'signer.pem': '-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n' },
    executors: {
      images: [{ name: 'api', reference: 'ghcr.io/acme/api:1.2' }],
      claim: 'libraries',
      registrySecret: 'registry',
    },
    autoscaling: { enabled: false },
    replicas: 3,
    service: { type: 'LoadBalancer', annotations: { a: 'b' } },
    networkPolicy: {
      from: [{ podSelector: { matchLabels: { app: 'ingress' } } }],
      egress: [{ ports: [{ port: 53, protocol: 'UDP' }] }],
    },
    podAnnotations: { a: 'b' },
    nodeSelector: { 'kubernetes.io/arch': 'amd64' },
    tolerations: [{ operator: 'Exists' }],
    env: [{ name: 'SERVER_THREAD_COUNT', value: '8' }],
    volumes: [{ name: 'ca', secret: { secretName: 'ca' } }],
    volumeMounts: [{ name: 'ca', mountPath: '/etc/ca', readOnly: true }],
  };

  it('is in order for helm lint --strict', () => {
    const { status, said } = tool(helm!, ['lint', '--strict', chart]);
    expect(said).not.toMatch(/WARN|ERROR/);
    expect(status).toBe(0);
  });

  it('refuses values that it does not know, and those that would break the configuration', () => {
    for (const [values, why] of [
      [{ replica: 3 }, /replica/],
      [{ image: { digest: 'latest' } }, /digest/],
      [{ server: { port: 80 } }, /port/],
      [{ server: { max_memory: '1g\n/ = return 200' } }, /max_memory/],
      [{ files: { 'proxy.ini': '' } }, /proxy\.ini/],
      [{ executors: { images: [{ name: 'A' }] } }, /name|reference/],
    ] as const) {
      const { status, said } = template(values);
      expect(said).toMatch(why);
      expect(status).not.toBe(0);
    }
  });

  it('makes a configuration that flexilib finds in order', async () => {
    for (const values of [{}, all]) {
      const { status, said } = template(values);
      expect(status, said).toBe(0);
      const [, block] = /\n {2}proxy\.ini: \|\n((?: {4}.*\n| *\n)*)/.exec(said)!;
      const config = join(temporaryFolder(), 'proxy.ini');
      writeFileSync(config, block.replace(/^ {4}/gm, ''));
      const checked = await run(['check', config]);
      expect(checked.code, checked.stderr).toBe(0);
      expect(checked.stderr).not.toMatch(/warning/);
    }
  });

  it('replaces pods for what a running server does not take up, and for nothing else', () => {
    const annotation = (values: object) => /checksum\/server: (\w+)/.exec(template(values).said)![1];
    const before = annotation({});
    expect(annotation({ routes: '/ = return 404' })).toBe(before);
    expect(annotation({ server: { max_memory: '256m' } })).not.toBe(before);
  });

  it('is what deploy/kubernetes was made of', () => {
    expect(tool(process.execPath, [join(root, 'scripts/manifests.mjs'), '--check'])).toEqual({
      status: 0,
      said: '',
    });
  });

  it.skipIf(!validate)('fits the schemas of Kubernetes', () => {
    const folder = temporaryFolder();
    const checked = (version: string, text: string) => {
      const file = join(folder, 'all.yaml');
      writeFileSync(file, text);
      return tool(validate!, ['--strict', '-k', version, file]);
    };
    for (const version of ['1.30', '1.35', '1.37']) {
      const { status, said } = checked(version, template().said);
      expect(said).toMatch(/passed for resource deployment/);
      expect(status, said).toBe(0);
    }
    expect(checked('1.35', template(all).said)).toMatchObject({ status: 0 }); // image volumes aren't in 1.30
    const manifests = readFileSync(join(deploy, 'kubernetes/flexilib.yaml'), 'utf8');
    expect(checked('1.30', manifests)).toMatchObject({ status: 0 });
    expect(checked('1.35', manifests.replace('maxSurge', 'maxSurges'))).toMatchObject({ status: 1 });
  });
});

describe.skipIf(!compose)('compose', () => {
  it('is in order for the parser of docker compose', () => {
    const { status, said } = tool(compose!, ['compose.yaml'], join(deploy, 'compose'));
    expect(said).toMatch(/read_only: true/);
    expect(status).toBe(0);
    const folder = temporaryFolder();
    const spoiled = readFileSync(join(deploy, 'compose/compose.yaml'), 'utf8').replace(
      'cap_drop',
      'cap_dorp',
    );
    writeFileSync(join(folder, 'compose.yaml'), spoiled);
    expect(tool(compose!, ['compose.yaml'], folder).status).not.toBe(0);
  });
});

it('the configurations in deploy/ are in order', async () => {
  for (const file of ['compose/etc/proxy.ini', 'knative/proxy.ini']) {
    const { code, stderr } = await run(['check', join(deploy, file)]);
    expect(code, stderr).toBe(0);
  }
});
