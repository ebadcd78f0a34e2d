// The registry's client beside other programs, on a registry with the referrers API (go-containerregistry's) and one without (distribution 2.8).
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  attach,
  copyImage,
  fallbackTag,
  openLayout,
  openRegistry,
  parseReference,
  pushExecutor,
  readBlob,
  type Store,
} from '../../packages/oci/src/index.ts';
import {
  hasDockerRegistry,
  isThere,
  startOciRegistry,
  startReferrersRegistry,
  stopRegistries,
} from '../support/oci-registry.ts';
import { temporaryFolder } from '../support/server.ts';
import { goTool } from '../support/tools.ts';

afterEach(stopRegistries);

const crane = await goTool('crane');
const referrersRegistry = await goTool('oci-registry');
const hasSkopeo = isThere('skopeo', '--version');
const repository = (host: string, name = 'acme/api'): Store =>
  openRegistry(parseReference(`${host}/${name}`), { push: true });
const runCrane = (...args: string[]) => execFileSync(crane!, args, { encoding: 'utf8' }).trim();

const libraries = [
  { name: 'a.so', architecture: 'amd64', bytes: Buffer.from('for amd64'), signature: Buffer.from('{}') },
  { name: 'b.so', architecture: 'arm64', bytes: Buffer.alloc(3 << 20, 'arm64'), signature: null },
];

const kinds: [name: string, isThere: boolean, hasReferrers: boolean, start: () => Promise<string>][] = [
  ['distribution 2.8', hasDockerRegistry, false, async () => (await startOciRegistry()).host],
  [
    'go-containerregistry',
    referrersRegistry !== null,
    true,
    () => startReferrersRegistry(referrersRegistry!),
  ],
];

describe.each(kinds.filter(([, isThere]) => isThere))('%s', (_name, _isThere, hasReferrers, start) => {
  it('lists what refers to an image, by the API or by the tag', async () => {
    const store = repository(await start());
    const image = await pushExecutor(store, '1', libraries);
    expect(await store.referrers(image.digest)).toEqual([]);
    const layer = (text: string) => [{ mediaType: 'application/json', bytes: Buffer.from(text) }];
    const annotations = { 'org.example.kind': 'first' };
    const first = await attach(store, image, {
      artifactType: 'application/a',
      layers: layer('"1"'),
      annotations,
    });
    const second = await attach(store, image, { artifactType: 'application/b', layers: layer('"2"') });
    await attach(store, image, { artifactType: 'application/b', layers: layer('"2"') }); // once more
    const listed = await store.referrers(image.digest);
    expect(listed.map(({ digest }) => digest).sort()).toEqual([first.digest, second.digest].sort());
    const [only, ...others] = await store.referrers(image.digest, 'application/a');
    expect(others).toEqual([]);
    expect(only).toMatchObject({ digest: first.digest, artifactType: 'application/a', annotations });
    const { subject, layers } = await store.manifest(only.digest);
    expect(subject?.digest).toBe(image.digest);
    expect((await readBlob(store, layers[0], 100)).toString()).toBe('"1"');
    expect((await store.resolve(fallbackTag(image.digest))) !== null).toBe(!hasReferrers);
  });

  it('has an index copied out to a folder and into another repository, under the same digest', async () => {
    const host = await start();
    const image = await pushExecutor(repository(host), '1', libraries);
    const layout = openLayout(join(temporaryFolder(), 'layout'));
    expect((await copyImage(repository(host), '1', layout, '1')).digest).toBe(image.digest);
    expect((await layout.resolve('1'))?.digest).toBe(image.digest);
    const copied = await copyImage(layout, '1', repository(host, 'other/name'), '2');
    expect(copied.digest).toBe(image.digest);
    const { manifests } = await repository(host, 'other/name').manifest('2');
    const large = await repository(host, 'other/name').manifest(manifests[1].digest);
    expect(
      (await readBlob(repository(host, 'other/name'), large.layers[0], 4 << 20)).equals(libraries[1].bytes),
    ).toBe(true);
    if (hasSkopeo) {
      const raw = execFileSync('skopeo', ['inspect', '--raw', `oci:${layout.name}:1`]);
      expect(raw.equals((await layout.manifest('1')).bytes)).toBe(true);
    }
  });

  it.skipIf(!crane)('agrees with crane on digests, tags and copies', async () => {
    const host = await start();
    const image = await pushExecutor(repository(host), '1', libraries);
    expect(runCrane('digest', `${host}/acme/api:1`)).toBe(image.digest);
    expect(JSON.parse(runCrane('manifest', `${host}/acme/api:1`)).artifactType).toBe(
      'application/vnd.flexilib.executor.v1',
    );
    runCrane('copy', `${host}/acme/api:1`, `${host}/copied/api:x`);
    const copied = repository(host, 'copied/api');
    expect((await copied.resolve('x'))?.digest).toBe(image.digest);
    const [{ digest }] = (await copied.manifest('x')).manifests;
    const [, signature] = (await copied.manifest(digest)).layers;
    expect(signature).toMatchObject({
      annotations: { 'org.opencontainers.image.title': 'a.so.sigstore.json' },
    });
    expect(runCrane('blob', `${host}/copied/api@${signature.digest}`)).toBe('{}');
  });
});
