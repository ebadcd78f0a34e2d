// Signatures and attestations of images in a real registry and in a layout, beside the real cosign with a real log.
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  attach,
  digestOf,
  MediaType,
  openLayout,
  openRegistry,
  parseReference,
  type Store,
} from '@flexilib/oci';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { writeKeys } from '../support/keys.ts';
import { type Log, startLog } from '../support/log.ts';
import {
  hasDockerRegistry,
  type OciRegistry,
  startOciRegistry,
  stopRegistries,
} from '../support/oci-registry.ts';
import { run, temporaryFolder } from '../support/server.ts';
import { goTool } from '../support/tools.ts';

const cosign = await goTool('cosign');
const rekor = await goTool('rekor-tiles');

const CYCLONEDX = 'https://cyclonedx.org/bom';

/** An index of two images, each with a configuration and a layer. Gives its digest. */
async function putImage(store: Store, salt: string): Promise<string> {
  const put = async (mediaType: string, text: string) => {
    const bytes = Buffer.from(text);
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await store.putBlob(descriptor, async function* () {
      yield bytes;
    });
    return descriptor;
  };
  const manifests = [];
  for (const architecture of ['amd64', 'arm64']) {
    const image = {
      schemaVersion: 2,
      mediaType: MediaType.manifest,
      config: await put(
        'application/vnd.oci.image.config.v1+json',
        JSON.stringify({ architecture, os: 'linux', salt, rootfs: { type: 'layers', diff_ids: [] } }),
      ),
      layers: [await put('application/vnd.oci.image.layer.v1.tar', `${salt} ${architecture}`.padEnd(4096))],
    };
    const descriptor = await store.putManifest(Buffer.from(JSON.stringify(image)), MediaType.manifest);
    manifests.push({ ...descriptor, platform: { architecture, os: 'linux' } });
  }
  const index = { schemaVersion: 2, mediaType: MediaType.index, manifests };
  return (
    await store.putManifest(
      Buffer.from(JSON.stringify(index)),
      MediaType.index,
      `t${manifests[0].digest.slice(-9)}`,
    )
  ).digest;
}

let folder: string;
let key: string;
let pub: string;
beforeEach(() => {
  folder = temporaryFolder();
  ({ key, pub } = writeKeys(folder, 'key'));
  writeFileSync(join(folder, 'sbom.json'), '{"bomFormat":"CycloneDX"}');
});

const good = async (...args: string[]) => {
  const { code, stdout, stderr } = await run(args, { COSIGN_PASSWORD: 'secret' }, folder);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
};
const bad = async (...args: string[]) => {
  const { code, stderr } = await run(args, {}, folder);
  expect(code).toBe(1);
  return stderr;
};

it('no file that is called like an image is verified for it', async () => {
  const name = `127.0.0.1:1/acme/api@${digestOf(Buffer.from('an image'))}`;
  mkdirSync(join(folder, '127.0.0.1:1/acme'), { recursive: true });
  writeFileSync(join(folder, name), 'another thing that was signed');
  await good('sign', `./${name}`, '--key', key);
  await good('verify', `./${name}`, '--key', pub);
  expect(await bad('verify', name, '--key', pub)).toContain('nobody listens there');
});

describe('in a layout', () => {
  let layout: string;
  let digest: string;
  beforeEach(async () => {
    layout = join(folder, 'layout');
    digest = await putImage(openLayout(layout), 'one');
    await good('sign', `oci:${layout}`, '--key', key);
  });
  const verify = (...more: string[]) => ['verify', `oci:${layout}@${digest}`, '--key', pub, ...more];

  it('a signature lies beside the image, and all parts are checked', async () => {
    expect((await good(...verify())).split('\n')).toEqual([
      `${layout}@${digest}: signed by the key ${pub}; no log has it`,
      expect.stringMatching(/: its 7 parts, \d+ bytes, are those of its digests$/),
      '',
    ]);
    expect(await bad(...verify('--type', 'cyclonedx'))).toContain(
      `no good statement ${CYCLONEDX}, of 1 attached`,
    );
    await good('sign', `oci:${layout}`, '--attest', 'sbom.json', '--type', 'cyclonedx', '--key', key);
    expect(await good(...verify('--type', 'cyclonedx'))).toContain(`${CYCLONEDX}, signed by the key`);
    const other = writeKeys(folder, 'other');
    expect(await bad('verify', `oci:${layout}@${digest}`, '--key', other.pub)).toContain(
      'no good signature, of 2 attached',
    );
  });

  it('a byte altered in any part is told, and which', async () => {
    const blobs = readdirSync(join(layout, 'blobs/sha256'));
    for (const name of [...blobs, 'oci-layout']) {
      const path = join(layout, name === 'oci-layout' ? name : join('blobs/sha256', name));
      const bytes = readFileSync(path);
      for (const at of [0, bytes.length >> 1, bytes.length - 1]) {
        const flipped = Buffer.from(bytes);
        flipped[at] ^= 1;
        writeFileSync(path, flipped);
        const { code, stderr } = await run(verify(), {}, folder);
        expect([name, at, code]).toEqual([name, at, 1]);
        expect(stderr).toContain(name);
      }
      writeFileSync(path, bytes);
    }
    await good(...verify());
  }, 120_000);

  it('what is attached counts if it is about this image, and signed', async () => {
    const store = openLayout(layout);
    const [signature] = await store.referrers(digest);
    const { layers } = await store.manifest(signature.digest);
    const bytes = readFileSync(join(layout, 'blobs/sha256', layers[0].digest.slice(7)));
    const otherImage = await putImage(store, 'two');
    const descriptor = await store.resolve(otherImage);
    const type = 'application/vnd.dev.sigstore.bundle.v0.3+json';
    await attach(store, descriptor!, { artifactType: type, layers: [{ mediaType: type, bytes }] });
    expect(await bad('verify', `oci:${layout}@${otherImage}`, '--key', pub)).toContain(
      'it is about another image',
    );
    expect(await bad('verify', `oci:${layout}`, '--key', pub)).toContain('has 2 images: say which');
    // A file's signature is none of an image.
    await good('sign', 'sbom.json', '--key', key);
    await attach(store, descriptor!, {
      artifactType: type,
      layers: [{ mediaType: type, bytes: readFileSync(join(folder, 'sbom.json.sigstore.json')) }],
    });
    expect(await bad('verify', `oci:${layout}@${otherImage}`, '--key', pub)).toContain('is about a file');
  });

  it('a statement is no signature', async () => {
    const otherLayout = join(folder, 'other');
    const otherDigest = await putImage(openLayout(otherLayout), 'two');
    await good('sign', `oci:${otherLayout}`, '--attest', 'sbom.json', '--type', 'cyclonedx', '--key', key);
    expect(await bad('verify', `oci:${otherLayout}@${otherDigest}`, '--key', pub)).toContain(
      'no good signature, of 1 attached',
    );
  });
});

describe.skipIf(!hasDockerRegistry)('in a registry', () => {
  let registry: OciRegistry;
  let log: Log | null;
  let image: string;
  beforeAll(async () => {
    registry = await startOciRegistry();
    log = rekor ? await startLog(rekor) : null;
  });
  afterAll(async () => {
    await stopRegistries();
    await log?.close();
  });
  beforeEach(async () => {
    const name = `${registry.host}/acme/api`;
    image = `${name}@${await putImage(openRegistry(parseReference(name), { push: true }), folder)}`;
  });
  const cosignRuns = (...args: string[]) =>
    promisify(execFile)(cosign ?? '', args, {
      cwd: folder,
      env: { ...process.env, COSIGN_PASSWORD: 'secret' },
    });
  const trust = () => ['--key', pub, ...(log ? ['--trusted-root', log.trustedRoot] : [])];
  const logging = () => (log ? ['--log', log.url] : []);

  it('is refused by its tag', async () => {
    expect(await bad('sign', `${registry.host}/acme/api:1`, '--key', key)).toContain(
      'is a tag, which leads elsewhere tomorrow',
    );
    expect(await bad('sign', `${registry.host}/acme/api@sha256:${'0'.repeat(64)}`, '--key', key)).toContain(
      'there is no',
    );
  });

  it.skipIf(!cosign || !rekor)('what ours signs and attests, cosign verifies', async () => {
    expect(await good('sign', image, '--key', key, ...logging())).toContain(', entry ');
    await good('sign', image, '--attest', 'sbom.json', '--type', 'cyclonedx', '--key', key, ...logging());
    expect(await good('verify', image, ...trust())).toContain(`of the log ${log?.url}, verified`);
    await good('verify', image, '--type', 'cyclonedx', ...trust());
    await cosignRuns('verify', ...trust(), image);
    await cosignRuns('verify-attestation', ...trust(), '--type', 'cyclonedx', image);
    await expect(
      cosignRuns('verify-attestation', ...trust(), '--type', 'slsaprovenance1', image),
    ).rejects.toThrow();
    const other = writeKeys(folder, 'other');
    await expect(
      cosignRuns('verify', '--key', other.pub, '--trusted-root', log?.trustedRoot ?? '', image),
    ).rejects.toThrow();
  });

  it.skipIf(!cosign || !rekor)('what cosign signs and attests, ours verifies', async () => {
    await cosignRuns('import-key-pair', '--key', key, '--output-key-prefix', 'its', '-y');
    const signing = [
      '--key',
      'its.key',
      '--signing-config',
      log?.signingConfig ?? '',
      '--trusted-root',
      log?.trustedRoot ?? '',
      '-y',
    ];
    await cosignRuns('sign', ...signing, image);
    await cosignRuns('attest', ...signing, '--type', 'slsaprovenance1', '--predicate', 'sbom.json', image);
    expect(await good('verify', image, ...trust())).toContain(`of the log ${log?.url}, verified`);
    await good('verify', image, '--type', 'slsaprovenance1', ...trust());
    expect(await bad('verify', image, '--type', 'spdx', ...trust())).toContain(
      'no good statement https://spdx.dev/Document, of 2 attached',
    );
  });
});
