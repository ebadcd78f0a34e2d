// Registries that lie.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import {
  copyImage,
  type Descriptor,
  type FindCredentials,
  MediaType,
  openLayout,
  openRegistry,
  parseReference,
  pull,
  readBlob,
  type Store,
  saveBlob,
} from '../src/index.ts';
import { endless, type Liar, lie, nobody, sha256, silenceAll, somebody } from './liar.ts';

afterEach(silenceAll);

const temporary = () => mkdtempSync(join(tmpdir(), 'flexilib-oci-'));
const at = ({ host }: Liar, credentials: FindCredentials = nobody): Store =>
  openRegistry(parseReference(`${host}/acme/api`), { credentials });

const good = Buffer.from('what was pushed');
const descriptor: Descriptor = { mediaType: 'application/x', digest: sha256(good), size: good.length };
const manifestOf = (more: object) => Buffer.from(JSON.stringify({ schemaVersion: 2, ...more }));
const image = manifestOf({
  layers: [{ ...descriptor, mediaType: 'application/vnd.flexilib.executor.library.v1' }],
});

it('refuses a manifest that isn’t what its digest, or the registry, says', async () => {
  const liar = await lie((_req, res) => {
    const said = { 'content-type': MediaType.manifest, 'docker-content-digest': sha256(good) };
    res.writeHead(200, { ...said, 'content-length': String(image.length) }).end(image);
  });
  await expect(at(liar).manifest(sha256(good))).rejects.toThrow(`hashes to ${sha256(image)}`);
  await expect(at(liar).manifest('1')).rejects.toThrow(`hashes to ${sha256(image)}`);
  await expect(at(liar).resolve(sha256(image))).rejects.toThrow('the registry says that it is');
});

it('refuses a blob that is another one, and leaves no file', async () => {
  const liar = await lie((_req, res) => res.end(Buffer.alloc(good.length, 'x')));
  const path = join(temporary(), 'blob');
  await expect(saveBlob(at(liar), descriptor, path)).rejects.toThrow(`what came isn't that`);
  expect(existsSync(path)).toBe(false);
});

it.each([
  ['announces more', { 'content-length': String(good.length + 1) }, 'sends 16 bytes, the manifest says 15'],
  ['announces less', { 'content-length': '1' }, 'sends 1 bytes, the manifest says 15'],
])('refuses a blob of which it %s', async (_, headers, message) => {
  const liar = await lie((_req, res) => res.writeHead(200, headers).flushHeaders());
  await expect(readBlob(at(liar), descriptor, 100)).rejects.toThrow(message);
});

it('stops reading a blob that doesn’t end', async () => {
  let ended: Promise<void> | undefined;
  const liar = await lie((_req, res) => {
    ended = endless(res);
  });
  await expect(readBlob(at(liar), descriptor, 100)).rejects.toThrow('more than the 15 that were announced');
  await ended;
});

it('refuses a blob that breaks off', async () => {
  const liar = await lie((_req, res) => {
    res.writeHead(200, { 'content-length': String(good.length) });
    res.write(good.subarray(0, 3), () => res.destroy());
  });
  await expect(readBlob(at(liar), descriptor, 100)).rejects.toMatchObject({ code: 'FL_REGISTRY' });
});

it('stops reading a manifest, a token, an error that don’t end', async () => {
  const ends: Promise<void>[] = [];
  const liar: Liar = await lie((req, res) => {
    if (req.url?.startsWith('/v2/acme/api/manifests/token') && !req.headers.authorization) {
      res.writeHead(401, { 'www-authenticate': `Bearer realm="http://${liar.host}/token"` }).end();
      return;
    }
    res.statusCode = req.url?.endsWith('error') ? 500 : 200;
    ends.push(endless(res));
  });
  await expect(at(liar).manifest('1')).rejects.toThrow('sends more than 4194304 bytes');
  await expect(at(liar).manifest('token')).rejects.toThrow('sends more than 65536 bytes');
  await expect(at(liar).manifest('error')).rejects.toThrow('answers 500');
  expect(ends).toHaveLength(3);
  await Promise.all(ends);
});

it('takes no credentials along to another host', async () => {
  const other = await lie((_req, res) => res.end(good));
  const liar = await lie((req, res) => {
    if (!req.headers.authorization) res.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    else res.writeHead(307, { location: `http://${other.host}/blob?signature=secret` }).end();
  });
  const blob = await readBlob(at(liar, somebody), descriptor, 100);
  expect(blob.equals(good)).toBe(true);
  expect(liar.asked.at(-1)?.authorization).toBeDefined();
  expect(other.asked).toEqual([{ line: 'GET /blob?signature=secret', authorization: undefined }]);
});

it('takes no credentials along to where a redirected list goes on', async () => {
  const list = JSON.stringify({ schemaVersion: 2, manifests: [] });
  const other = await lie((_req, res) =>
    res.writeHead(200, { 'content-type': MediaType.index, link: '</next>; rel="next"' }).end(list),
  );
  const liar = await lie((req, res) => {
    if (!req.headers.authorization) res.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    else res.writeHead(307, { location: `http://${other.host}/list` }).end();
  });
  await expect(at(liar, somebody).referrers(sha256(good))).rejects.toThrow('goes on somewhere else');
  expect(other.asked).toEqual([expect.objectContaining({ authorization: undefined })]);
});

it('doesn’t log in where a redirect led', async () => {
  const other = await lie((_req, res) => res.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end());
  const liar = await lie((_req, res) => res.writeHead(307, { location: `http://${other.host}/` }).end());
  await expect(readBlob(at(liar, somebody), descriptor, 100)).rejects.toThrow('how to log in');
  expect(other.asked.map(({ authorization }) => authorization)).toEqual([undefined]);
});

it.each(['ftp://127.0.0.1/x', 'file:///etc/passwd', 'http://', 'javascript:0'])(
  'goes to no %s',
  async (location) => {
    const liar = await lie((_req, res) => res.writeHead(302, { location }).end());
    await expect(at(liar).manifest('1')).rejects.toThrow(`redirects to where this client doesn't go`);
  },
);

it('tells no more of a redirect’s address than its host', async () => {
  const liar = await lie((_req, res) =>
    res.writeHead(302, { location: 'http://127.0.0.1:1/x?signature=secret' }).end(),
  );
  const error: Error = await at(liar)
    .manifest('1')
    .then(
      () => new Error('none'),
      (error) => error,
    );
  expect(error.message).toContain('http://127.0.0.1:1: nobody listens there');
  expect(error.message).not.toContain('secret');
});

it('follows redirects five times', async () => {
  const liar = await lie((_req, res) => res.writeHead(302, { location: '/again' }).end());
  await expect(at(liar).manifest('1')).rejects.toThrow('more than 5 redirects');
  expect(liar.asked).toHaveLength(6);
});

it('asks twice where it is refused, and for one token', async () => {
  const liar: Liar = await lie((req, res) => {
    if (req.url?.startsWith('/token')) res.end('{"token":"x"}');
    else
      res
        .writeHead(401, { 'www-authenticate': `Bearer realm="http://${liar.host}/token",service="s"` })
        .end();
  });
  await expect(at(liar, somebody).manifest('1')).rejects.toThrow(`doesn't take the credentials`);
  expect(liar.asked.map(({ line }) => line)).toEqual([
    'GET /v2/acme/api/manifests/1',
    'GET /token?service=s&scope=repository%3Aacme%2Fapi%3Apull',
    'GET /v2/acme/api/manifests/1',
  ]);
});

it.each([
  ['', 'how to log in'],
  ['Digest realm="x"', 'how to log in'],
  ['Bearer', 'no place with TLS'],
  ['Bearer realm="file:///etc/passwd"', 'no place with TLS'],
  ['Bearer realm="http://user:pw@127.0.0.1:1/"', 'no place with TLS'],
  [`Bearer realm="${'x'.repeat(100)}`, 'no place with TLS'],
])('isn’t led astray by the challenge %s', async (challenge, message) => {
  const liar = await lie((_req, res) => res.writeHead(401, { 'www-authenticate': challenge }).end());
  await expect(at(liar, somebody).manifest('1')).rejects.toThrow(message);
});

it.each(['{"token":"a\\r\\nx: y"}', '{"token":1}', '[]', 'null', 'x'])(
  'takes no token from %s',
  async (body) => {
    const liar: Liar = await lie((req, res) => {
      if (req.url?.startsWith('/token')) res.end(body);
      else res.writeHead(401, { 'www-authenticate': `Bearer realm="http://${liar.host}/token"` }).end();
    });
    await expect(at(liar).manifest('1')).rejects.toThrow('something else than a token');
  },
);

it.each([
  ['no JSON', Buffer.from('{'), MediaType.manifest, 'no JSON'],
  ['a list', Buffer.from('[]'), MediaType.manifest, 'no object'],
  ['schema 1', Buffer.from('{"schemaVersion":1}'), MediaType.manifest, 'schemaVersion 1'],
  ['both', manifestOf({ layers: [], manifests: [] }), MediaType.manifest, 'an image and an index at once'],
  [
    'another type',
    manifestOf({ mediaType: MediaType.index, layers: [] }),
    MediaType.manifest,
    'it says that it is',
  ],
  ['no manifest', manifestOf({ layers: [] }), 'text/html', 'neither an image nor an index'],
  ['no layers', manifestOf({}), MediaType.manifest, 'no layers'],
  [
    'a bad digest',
    manifestOf({ layers: [{ ...descriptor, digest: 'sha256:../x' }] }),
    MediaType.manifest,
    'no descriptor',
  ],
  ['a bad size', manifestOf({ layers: [{ ...descriptor, size: -1 }] }), MediaType.manifest, 'no descriptor'],
  ['many', manifestOf({ layers: Array(10_001).fill(descriptor) }), MediaType.manifest, 'too long'],
])('refuses a manifest: %s', async (_, bytes, type, message) => {
  const liar = await lie((_req, res) => res.writeHead(200, { 'content-type': type }).end(bytes));
  await expect(at(liar).manifest('1')).rejects.toThrow(message);
});

it('copies no index of indexes without end', async () => {
  const manifests = new Map<string, Buffer>();
  const put = (bytes: Buffer) => {
    manifests.set(sha256(bytes), bytes);
    return { mediaType: MediaType.index as string, digest: sha256(bytes), size: bytes.length };
  };
  let last = put(manifestOf({ manifests: [] }));
  for (let depth = 0; depth < 6; depth++) last = put(manifestOf({ manifests: [last] }));
  const liar = await lie((req, res) => {
    const bytes = manifests.get(req.url!.split('/').at(-1)!);
    return bytes ? res.writeHead(200, { 'content-type': MediaType.index }).end(bytes) : false;
  });
  await expect(copyImage(at(liar), last.digest, openLayout(temporary()))).rejects.toThrow(
    'an index of indexes',
  );
  const reference = parseReference(`${liar.host}/acme/api@${last.digest}`);
  await expect(pull(at(liar), reference, temporary(), 'amd64')).rejects.toThrow(
    'says of nothing what it is for',
  );
});

it('leaves nothing in the cache of what it refuses', async () => {
  const liar = await lie((req, res) => {
    if (req.url?.includes('/blobs/')) return res.end(Buffer.alloc(good.length, 'x'));
    return res.writeHead(200, { 'content-type': MediaType.manifest }).end(image);
  });
  const cache = temporary();
  const reference = parseReference(`${liar.host}/acme/api:1`);
  await expect(pull(at(liar), reference, cache, 'amd64')).rejects.toThrow(`what came isn't that`);
  expect(readdirSync(cache)).toEqual(['artifacts']);
  expect(readdirSync(join(cache, 'artifacts'))).toEqual([]);
});

it('says what the registry says, as one short line', async () => {
  const said = { errors: [{ code: 'DENIED', message: `no\n\u001b[31m${'x'.repeat(1000)}` }] };
  const liar = await lie((_req, res) => res.writeHead(403).end(JSON.stringify(said)));
  const error: Error = await at(liar)
    .manifest('1')
    .then(
      () => new Error('none'),
      (error) => error,
    );
  expect(error.message).toMatch(/^\S+: 127\.0\.0\.1:\d+ answers 403: "DENIED, no\\n\\u001b/);
  expect(error.message.length).toBeLessThan(500);
});

it('has no trouble with names that objects have', async () => {
  const bytes = Buffer.from(
    `{"schemaVersion":2,"layers":[],"annotations":{"__proto__":"x","constructor":"y"},"__proto__":{"subject":{}}}`,
  );
  const liar = await lie((_req, res) =>
    res.writeHead(200, { 'content-type': MediaType.manifest }).end(bytes),
  );
  const { annotations, subject } = await at(liar).manifest('1');
  expect(Object.keys(annotations)).toEqual(['__proto__', 'constructor']);
  expect(subject).toBe(null);
  expect(({} as Record<string, unknown>).subject).toBeUndefined();
});

it('writes into a layout that somebody else has made, and nowhere else', async () => {
  const folder = temporary();
  const layout = join(folder, 'layout');
  const victim = join(folder, 'victim');
  writeFileSync(victim, 'as it was');
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  const blob = sha256(good).replace('sha256:', 'blobs/sha256/');
  for (const name of ['oci-layout', `index.json.${process.pid}`, `${blob}.${process.pid}`])
    symlinkSync(victim, join(layout, name));
  const store = openLayout(layout);
  await store.putBlob(descriptor, async function* () {
    yield good;
  });
  await store.putManifest(image, MediaType.manifest, '1');
  expect(readFileSync(victim, 'utf8')).toBe('as it was');
  expect(readFileSync(join(layout, blob)).equals(good)).toBe(true);
  expect((await openLayout(layout).resolve('1'))?.digest).toBe(sha256(image));
});
