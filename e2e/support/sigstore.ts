// A stand-in for Sigstore's public services, which tests can't have: @sigstore/mock's certificate authority, logs and timestamps
// behind a real HTTP server, and an identity provider like GitHub's. The log is a Rekor 1 whose trees have one entry.
import { createHash, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  fulcioHandler,
  initializeCA,
  initializeCTLog,
  initializeTLog,
  initializeTSA,
  rekorHandler,
  tsaHandler,
} from '@sigstore/mock';
import { temporaryFolder } from './server.ts';

export interface SigstoreStandIn {
  readonly url: string;
  readonly timestampUrl: string;
  readonly trustedRoot: string;
  /** What GitHub gives a job: for whom its token is. */
  jobOf(subject: string, issuer: string): NodeJS.ProcessEnv;
  /** The paths that were asked for. */
  readonly asked: string[];
  close(): Promise<void>;
}

const BEARER = 'job-token';
/** Of a request by RFC 3161, whose hash begins there: the stand-in takes JSON. */
const HASH_AT = 24;

export async function startSigstore(): Promise<SigstoreStandIn> {
  const keys = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ctlog = await initializeCTLog(keys());
  const ca = await initializeCA(keys(), ctlog);
  const logKeys = keys();
  const tlog = await initializeTLog(url, logKeys);
  const tsa = await initializeTSA(keys());
  // In whole seconds, as Sigstore's own authority: @sigstore/core reads fractions of three digits alone, and DER drops zeros.
  const seconds = () => new Date(Math.floor(Date.now() / 1000) * 1000);
  Object.assign(tsa, { getCurrentTime: seconds });
  const handlers = [fulcioHandler(ca), rekorHandler(tlog), tsaHandler(tsa)];
  const entries: { id: string; body: string; entry: EntryV1 }[] = [];
  const asked: string[] = [];

  server.on('request', async (req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '', url);
    asked.push(pathname);
    const pieces: Buffer[] = [];
    for await (const piece of req) pieces.push(piece);
    const body = Buffer.concat(pieces);
    if (pathname === '/token') {
      const isJob =
        req.headers.authorization === `Bearer ${BEARER}` && searchParams.get('audience') === 'sigstore';
      const claims = { sub: searchParams.get('sub'), iss: searchParams.get('iss') };
      const token = [{ alg: 'none' }, claims].map((part) =>
        Buffer.from(JSON.stringify(part)).toString('base64url'),
      );
      res.writeHead(isJob ? 200 : 401).end(JSON.stringify({ value: `${token.join('.')}.x` }));
      return;
    }
    // What rekor-cli asks of Rekor 1 beside that.
    if (pathname === '/api/v1/log/publicKey') {
      const key = logKeys.publicKey.export({ type: 'spki', format: 'pem' });
      return void res.writeHead(200, { 'content-type': 'application/x-pem-file' }).end(key);
    }
    if (pathname === '/api/v1/log/entries/retrieve') {
      const [wanted] = JSON.parse(body.toString()).entries;
      const found = entries.filter(({ body }) => isDeepStrictEqual(JSON.parse(atob(body)), wanted));
      const named = found.map(({ id, entry }) => ({ [id]: entry }));
      return void res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(named));
    }
    const handler = handlers.find(({ path }) => path === pathname);
    if (!handler) return void res.writeHead(404).end('{}');
    const { statusCode, response, contentType } = await handler.fn(
      pathname.endsWith('/timestamp') ? asJson(body) : body.toString(),
    );
    const headers = { 'content-type': contentType ?? 'text/plain' };
    if (pathname === '/api/v1/log/entries' && statusCode === 201) {
      const [id, entry] = named(JSON.parse(String(response)));
      entries.push({ id, body: entry.body, entry });
      const location = `${pathname}/${id}`;
      return void res.writeHead(201, { ...headers, location }).end(JSON.stringify({ [id]: entry }));
    }
    const bytes = typeof response === 'string' ? response : Buffer.from(response.buffer);
    res.writeHead(statusCode, headers).end(bytes);
  });

  const start = '2020-01-01T00:00:00Z';
  const logOf = (publicKey: Buffer, baseUrl: string) => ({
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: publicKey.toString('base64'),
      keyDetails: 'PKIX_ECDSA_P256_SHA_256',
      validFor: { start },
    },
    logId: { keyId: createHash('sha256').update(publicKey).digest('base64') },
  });
  const chainOf = (...certificates: ArrayBufferView[]) => ({
    subject: { organization: 'test', commonName: 'test' },
    uri: url,
    certChain: {
      certificates: certificates.map(({ buffer }) => ({
        rawBytes: Buffer.from(buffer as ArrayBuffer).toString('base64'),
      })),
    },
    validFor: { start },
  });
  const trustedRoot = join(temporaryFolder(), 'trusted-root.json');
  writeFileSync(
    trustedRoot,
    JSON.stringify({
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      tlogs: [logOf(tlog.publicKey, url)],
      certificateAuthorities: [chainOf(ca.rootCertificate)],
      ctlogs: [logOf(ctlog.publicKey, url)],
      timestampAuthorities: [chainOf(tsa.intCertificate, tsa.rootCertificate)],
    }),
  );
  return {
    url,
    timestampUrl: `${url}/api/v1/timestamp`,
    trustedRoot,
    jobOf: (sub, iss) => ({
      ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/token?${new URLSearchParams({ sub, iss })}`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: BEARER,
    }),
    asked,
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

interface EntryV1 {
  body: string;
  verification: { inclusionProof: { checkpoint: string; rootHash: string } };
}

/** As Rekor 1 names entries: the tree's number and the leaf's hash, which is the root's in a tree of one. */
function named(made: Record<string, EntryV1>): [id: string, entry: EntryV1] {
  const [entry] = Object.values(made);
  const { checkpoint, rootHash } = entry.verification.inclusionProof;
  const [, tree = ''] = / - (\d+)\n/.exec(checkpoint) ?? [];
  return [BigInt(tree).toString(16).padStart(16, '0') + rootHash, entry];
}

function asJson(request: Buffer): string {
  const artifactHash = request.subarray(HASH_AT, HASH_AT + 32).toString('base64');
  return JSON.stringify({ artifactHash, hashAlgorithm: 'sha256', certificates: true });
}
