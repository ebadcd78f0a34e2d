// The chart, the manifests and the examples of the guides, applied to a real API server.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/server.ts';
import { goTool } from '../support/tools.ts';
import { type Cluster, hasEtcd, startCluster } from './cluster.ts';

const root = join(import.meta.dirname, '../..');
const chart = join(root, 'deploy/helm/flexilib');
const programs = hasEtcd() ? await goTool('kubernetes') : null;
const helm = await goTool('helm');

/** Where Pod Security lets in nothing but what is restricted. */
const namespace = (name: string) => `apiVersion: v1
kind: Namespace
metadata: {name: ${name}, labels: {pod-security.kubernetes.io/enforce: restricted}}
`;

describe.skipIf(!programs || !helm)('a real API server', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster(programs!);
  });
  afterAll(() => cluster?.stop());

  const apply = (text: string, ...more: string[]) =>
    cluster.kubectl(['apply', '--server-side', '--validate=strict', ...more, '-f', '-'], text);
  const podsOf = (name: string) => cluster.get(['pods', '-n', name]).items;
  const runHelm = (...args: string[]) => {
    const env = { ...process.env, KUBECONFIG: cluster.kubeconfig };
    const { status, stdout, stderr } = spawnSync(helm!, args, { encoding: 'utf8', env });
    return { status, said: `${stdout}${stderr}` };
  };

  it('takes the manifests, and their pods are let in', async () => {
    const text = readFileSync(join(root, 'deploy/kubernetes/flexilib.yaml'), 'utf8');
    expect(apply(text)).toMatchObject({ status: 0 });
    expect(apply(text)).toMatchObject({ status: 0 });
    await expect.poll(() => podsOf('flexilib').length, { timeout: 30_000 }).toBe(2); // the autoscaler's least
    expect(apply(text.replace('maxSurge', 'maxSurges'))).toMatchObject({ status: 1 });
    const open = text
      .replaceAll('runAsNonRoot: true', 'runAsNonRoot: false')
      .replaceAll('ame: flexilib', 'ame: open');
    expect(apply(open.replaceAll('namespace: flexilib', 'namespace: open'))).toMatchObject({ status: 0 });
    await expect
      .poll(() => cluster.kubectl(['get', 'events', '-n', 'open']).said, { timeout: 30_000 })
      .toMatch(/FailedCreate.*violates PodSecurity/);
    expect(podsOf('open')).toEqual([]);
  });

  it('takes the chart with all that it has, and an upgrade of it', async () => {
    const values = join(temporaryFolder(), 'values.json');
    const install = (what: object) => {
      writeFileSync(values, JSON.stringify(what));
      return runHelm('upgrade', '--install', 'web', chart, '-n', 'shop', '-f', values);
    };
    expect(apply(namespace('shop'))).toMatchObject({ status: 0 });
    const first = install({
      routes: '/ = oci://ghcr.io/acme/web:1.2\n',
      server: { max_memory: '256m' },
      executors: {
        images: [{ name: 'api', reference: 'ghcr.io/acme/api:1.2' }],
        claim: 'libraries',
        registrySecret: 'registry',
      },
      autoscaling: { enabled: false },
      replicas: 3,
      networkPolicy: { egress: [{ ports: [{ port: 53, protocol: 'UDP' }] }] },
    });
    expect(first.said).toMatch(/STATUS: deployed/);
    await expect.poll(() => podsOf('shop').length, { timeout: 30_000 }).toBe(3);
    const sets = () => cluster.get(['replicasets', '-n', 'shop']).items.length;
    expect(sets()).toBe(1);
    const second = install({ routes: '/ = return 404\n', server: { max_memory: '512m' } });
    expect(second.said).toMatch(/REVISION: 2/);
    await expect.poll(sets, { timeout: 30_000 }).toBe(2);
    expect(cluster.kubectl(['get', 'configmap', '-n', 'shop', 'web-flexilib', '-o', 'yaml']).said).toMatch(
      / = return 404\n[\s\S]*max_memory = 512m/,
    );
  });

  it("takes Knative's Service, by Knative's own definition", async () => {
    const said = execFileSync('go', ['mod', 'download', '-json', 'knative.dev/serving'], {
      cwd: join(import.meta.dirname, '../tools/knative'),
      encoding: 'utf8',
    });
    const definitions = join(JSON.parse(said).Dir, 'config/core/300-resources/service.yaml');
    const made = cluster.kubectl(['apply', '--server-side', '-f', definitions]);
    expect(made).toMatchObject({ status: 0 });
    const service = readFileSync(join(root, 'deploy/knative/service.yaml'), 'utf8');
    // It takes the API server a moment to serve a new kind.
    await expect.poll(() => apply(service).said, { timeout: 30_000 }).toMatch(/flexilib serverside-applied/);
    expect(apply(service.replace('containerConcurrency', 'concurrency')).said).toMatch(
      /not declared in schema/,
    );
  });

  it('takes the examples of the guide', () => {
    expect(apply(namespace('guide'))).toMatchObject({ status: 0 });
    const guide = readFileSync(join(root, 'docs/deploy/kubernetes.md'), 'utf8');
    const objects = [...guide.matchAll(/```yaml\n(apiVersion: [\s\S]*?)```/g)].map(([, text]) => text);
    expect(objects.length).toBeGreaterThan(0);
    for (const text of objects) expect(apply(text, '-n', 'guide')).toMatchObject({ status: 0 });
  });
});

it('has its programs pinned', () => {
  for (const name of ['kubernetes', 'knative'])
    expect(readdirSync(join(import.meta.dirname, '../tools', name))).toContain('go.sum');
});
