// Kubernetes without nodes: etcd, the API server and the controllers, on this machine. Objects are admitted, Deployments have
// their pods; nothing runs them.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { machinePlaces } from '../support/programs.ts';
import { freePort, temporaryFolder } from '../support/server.ts';

export interface Cluster {
  /** For who reads KUBECONFIG. */
  readonly kubeconfig: string;
  /** Runs kubectl; input: its standard input. */
  kubectl(args: string[], input?: string): { status: number | null; said: string };
  /** What kubectl gives, from JSON. Throws what it says if it fails. */
  get(args: string[]): { items: unknown[] };
  stop(): Promise<void>;
}

export const hasEtcd = (): boolean => {
  if (machinePlaces().some((place) => existsSync(join(place, 'etcd')))) return true;
  process.stderr.write('there is no etcd (Debian: etcd-server): the API server is not started\n');
  return false;
};

/** The controllers that make pods of Deployments, and what those need. */
const CONTROLLERS = [
  ...['deployment', 'replicaset', 'disruption', 'endpointslice', 'garbage-collector'],
  ...['horizontal-pod-autoscaler', 'namespace', 'serviceaccount'],
].map((name) => `${name}-controller`);

/** programs: the folder of kube-apiserver and the others. Throws when one ends before it serves, with its last words. */
export async function startCluster(programs: string): Promise<Cluster> {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const [clients, peers, api, controllers] = await Promise.all([0, 0, 0, 0].map(() => freePort()));
  const running: ChildProcess[] = [];

  function launch(program: string, flags: Record<string, string | number | boolean>): void {
    const log = openSync(at(`${program.split('/').at(-1)}.log`), 'w');
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    running.push(spawn(program, args, { stdio: ['ignore', log, log], cwd: folder }));
    closeSync(log);
  }

  async function until(what: string, done: () => boolean | Promise<boolean>): Promise<void> {
    for (let i = 0; i < 600; i++) {
      if (await done()) return;
      const dead = running.find(({ exitCode }) => exitCode !== null);
      if (dead) break;
      await sleep(100);
    }
    await stop();
    const said = readFileSync(at(`${what}.log`), 'utf8').slice(-3000);
    throw new Error(`${what} doesn't serve: ${said}`);
  }

  async function stop(): Promise<void> {
    for (const child of running.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      child.kill('SIGKILL'); // there is nothing to keep
      await gone;
    }
  }

  const url = (port: number) => `http://127.0.0.1:${port}`;
  execFileSync('openssl', ['genrsa', '-out', at('sa.key'), '2048'], { stdio: 'ignore' });
  execFileSync('openssl', ['rsa', '-in', at('sa.key'), '-pubout', '-out', at('sa.pub')], { stdio: 'ignore' });
  writeFileSync(at('tokens.csv'), 'admin,admin,admin,system:masters\n');
  launch('etcd', {
    'data-dir': at('etcd'),
    'listen-client-urls': url(clients),
    'advertise-client-urls': url(clients),
    'listen-peer-urls': url(peers),
    'initial-advertise-peer-urls': url(peers),
    'initial-cluster': `default=${url(peers)}`,
  });
  launch(join(programs, 'kube-apiserver'), {
    'etcd-servers': url(clients),
    'bind-address': '127.0.0.1',
    'secure-port': api,
    'cert-dir': at('certificates'),
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-key-file': at('sa.pub'),
    'service-account-signing-key-file': at('sa.key'),
    'service-cluster-ip-range': '10.96.0.0/16',
    'authorization-mode': 'RBAC',
    'token-auth-file': at('tokens.csv'),
    'anonymous-auth': false,
  });
  const kubeconfig = at('kubeconfig');
  const named = (kind: string, what: object) => [{ name: 'test', [kind]: what }];
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'test' },
      clusters: named('cluster', {
        server: `https://127.0.0.1:${api}`,
        'certificate-authority': at('certificates/apiserver.crt'),
      }),
      users: named('user', { token: 'admin' }),
      contexts: named('context', { cluster: 'test', user: 'test' }),
    }),
  );
  function kubectl(args: string[], input?: string) {
    const { status, stdout, stderr } = spawnSync(join(programs, 'kubectl'), args, {
      ...{ encoding: 'utf8', input },
      env: { ...process.env, KUBECONFIG: kubeconfig, HOME: folder },
    });
    return { status, said: `${stdout}${stderr}` };
  }
  await until('kube-apiserver', () => kubectl(['get', '--raw', '/readyz']).status === 0);
  launch(join(programs, 'kube-controller-manager'), {
    ...{ kubeconfig, 'leader-elect': false, 'bind-address': '127.0.0.1', 'secure-port': controllers },
    'service-account-private-key-file': at('sa.key'),
    controllers: CONTROLLERS.join(),
  });
  return {
    kubeconfig,
    kubectl,
    get(args) {
      const { status, said } = kubectl(['get', ...args, '-o', 'json']);
      if (status !== 0) throw new Error(said);
      return JSON.parse(said);
    },
    stop,
  };
}
