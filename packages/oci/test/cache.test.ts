import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import {
  collectGarbage,
  MediaType,
  openRegistry,
  parseReference,
  pull,
  thisArchitecture,
} from '../src/index.ts';
import { type Liar, lie, nobody, sha256, silenceAll } from './liar.ts';

afterEach(silenceAll);

const temporary = () => mkdtempSync(join(tmpdir(), 'flexilib-oci-'));

/** The head of an ELF file for this machine, and something more. */
function libraryOf(more: string): Buffer {
  const head = Buffer.alloc(64);
  head.write('\x7fELF\x02\x01\x01', 'latin1');
  head.writeUInt16LE({ amd64: 62, arm64: 183 }[thisArchitecture] ?? 0, 18);
  return Buffer.concat([head, Buffer.from(more)]);
}

interface Shelf {
  liar: Liar;
  /** The tag leads there. */
  put(library: Buffer, signature?: string): string;
  /** Settles it: until then no blob is given to its end. */
  hold(): () => void;
}

async function shelf(): Promise<Shelf> {
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, Buffer>();
  let held: Promise<void> = Promise.resolve();
  const liar = await lie(async (req, res) => {
    const name = req.url!.split('/').at(-1)!;
    const manifest = manifests.get(name);
    if (manifest)
      return res
        .writeHead(200, {
          'content-type': MediaType.manifest,
          'content-length': manifest.length,
          'docker-content-digest': sha256(manifest),
        })
        .end(req.method === 'HEAD' ? '' : manifest);
    const blob = blobs.get(name);
    if (!blob) return res.writeHead(404).end();
    res.writeHead(200, { 'content-length': blob.length }).write(blob.subarray(0, 10));
    await held;
    return res.end(blob.subarray(10));
  });
  return {
    liar,
    put(library, signature) {
      const layers = [library, ...(signature === undefined ? [] : [Buffer.from(signature)])].map(
        (bytes, index) => {
          blobs.set(sha256(bytes), bytes);
          const mediaType = [
            'application/vnd.flexilib.executor.library.v1',
            'application/vnd.dev.sigstore.bundle.v0.3+json',
          ][index];
          return { mediaType, digest: sha256(bytes), size: bytes.length };
        },
      );
      const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, layers }));
      for (const name of ['1', sha256(manifest)]) manifests.set(name, manifest);
      return sha256(manifest);
    },
    hold() {
      const { promise, resolve } = withResolvers();
      held = promise;
      return resolve;
    },
  };
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((given) => {
    resolve = given;
  });
  return { promise, resolve };
}

const pullFrom = ({ host }: Liar, cache: string, what = ':1') => {
  const reference = parseReference(`${host}/acme/api${what}`);
  return pull(openRegistry(reference, { credentials: nobody }), reference, cache, thisArchitecture);
};
const linkIn = (cache: string, { host }: Liar) => join(cache, `refs/${host}/acme/api:1`);
const contents = (cache: string, liar: Liar) => {
  const folder = linkIn(cache, liar);
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'latin1')]),
  );
};

it('changes the library and its signature at once, and goes back without asking for them again', async () => {
  const { liar, put } = await shelf();
  const cache = temporary();
  const [one, two] = [libraryOf('one'), libraryOf('two')];
  const first = put(one, 'of one');
  expect(await pullFrom(liar, cache)).toEqual({ digest: first, changed: true });
  expect(contents(cache, liar)).toEqual({
    'library.so': one.toString('latin1'),
    'library.so.sigstore.json': 'of one',
  });
  const second = put(two);
  expect(await pullFrom(liar, cache)).toEqual({ digest: second, changed: true });
  expect(contents(cache, liar)).toEqual({ 'library.so': two.toString('latin1') });
  expect(await pullFrom(liar, cache)).toEqual({ digest: second, changed: false });
  put(one, 'of one');
  liar.asked.length = 0;
  expect(await pullFrom(liar, cache)).toEqual({ digest: first, changed: true });
  expect(liar.asked.map(({ line }) => line)).toEqual(['HEAD /v2/acme/api/manifests/1']);
});

it('asks for a digest once', async () => {
  const { liar, put } = await shelf();
  const cache = temporary();
  const digest = put(libraryOf('one'));
  expect(await pullFrom(liar, cache, `@${digest}`)).toEqual({ digest, changed: true });
  liar.asked.length = 0;
  expect(await pullFrom(liar, cache, `@${digest}`)).toEqual({ digest, changed: false });
  expect(liar.asked).toEqual([]);
});

it('gets a library again that somebody has removed', async () => {
  const { liar, put } = await shelf();
  const cache = temporary();
  const digest = put(libraryOf('one'));
  await pullFrom(liar, cache);
  rmSync(join(linkIn(cache, liar), 'library.so'));
  expect(await pullFrom(liar, cache)).toEqual({ digest, changed: true });
  expect(Object.keys(contents(cache, liar))).toEqual(['library.so']);
});

it('may be pulled into by many at once', async () => {
  const { liar, put } = await shelf();
  const cache = temporary();
  const digest = put(libraryOf('one'), 'signature');
  const all = await Promise.all(Array.from({ length: 8 }, () => pullFrom(liar, cache)));
  expect(all.map((pulled) => pulled.digest)).toEqual(Array(8).fill(digest));
  expect(Object.keys(contents(cache, liar))).toEqual(['library.so', 'library.so.sigstore.json']);
  expect(readdirSync(join(cache, 'artifacts'))).toEqual([digest.replace(':', '-')]);
});

it('is as it was when the process that pulls is killed', async () => {
  const { liar, put, hold } = await shelf();
  const cache = temporary();
  const first = put(libraryOf('one'));
  await pullFrom(liar, cache);
  const release = hold();
  const second = put(libraryOf('two'));
  const program = join(import.meta.dirname, '../../../apps/server/src/pull.ts');
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'inherit', 'inherit'] });
  child.stdin.end(JSON.stringify({ cache, references: [`${liar.host}/acme/api:1`] }));
  const artifacts = join(cache, 'artifacts');
  const half = () => readdirSync(artifacts).filter((name) => name.startsWith('.new-'));
  await expect.poll(() => half().length, { timeout: 20_000 }).toBe(1);
  child.kill('SIGKILL');
  await once(child, 'close');
  release();
  expect(readlinkSync(linkIn(cache, liar))).toContain(first.replace(':', '-'));
  expect(await pullFrom(liar, cache)).toEqual({ digest: second, changed: true });
  await collectGarbage(cache, Date.now() + 2 * 60 * 60_000);
  expect(readdirSync(artifacts)).toEqual([second.replace(':', '-')]);
});

it('loses what no link leads to after a minute, and links that nobody asks for after a month', async () => {
  const { liar, put } = await shelf();
  const cache = temporary();
  const [first, second] = [put(libraryOf('one')), ''];
  await pullFrom(liar, cache);
  const next = put(libraryOf('two'));
  await pullFrom(liar, cache);
  const names = () => readdirSync(join(cache, 'artifacts')).sort();
  const [old, now] = [first, next].map((digest) => digest.replace(':', '-'));
  expect(second).toBe('');
  await collectGarbage(cache);
  expect(names()).toEqual([old, now].sort());
  await collectGarbage(cache, Date.now() + 61_000);
  expect(names()).toEqual([now]);
  const month = 31 * 24 * 60 * 60;
  const before = Date.now() / 1000 - month;
  lutimesSync(linkIn(cache, liar), before, before);
  await pullFrom(liar, cache); // it is asked for
  await collectGarbage(cache, Date.now() + 120_000);
  expect(names()).toEqual([now]);
  await collectGarbage(cache, Date.now() + month * 1000); // the link goes, the artifact may have been read a moment ago
  await collectGarbage(cache, Date.now() + month * 1000);
  expect(readdirSync(cache, { recursive: true }).filter((name) => /:1|sha256/.test(String(name)))).toEqual(
    [],
  );
});

it('leads out of the cache for nobody: a link that somebody made is not followed to collect', async () => {
  const cache = temporary();
  const precious = temporary();
  writeFileSync(join(precious, 'file'), '');
  mkdirSync(join(cache, 'artifacts'), { recursive: true });
  symlinkSync(precious, join(cache, 'artifacts/sha256-x'));
  utimesSync(precious, 0, 0);
  await collectGarbage(cache, Date.now() + 120_000);
  expect(readdirSync(precious)).toEqual(['file']);
  expect(readdirSync(join(cache, 'artifacts'))).toEqual([]);
});
