// A stand-in for Sigstore's public services, which tests can't have: @sigstore/mock's certificate authority, logs and timestamps
// behind a real HTTP server, and an identity provider like GitHub's.
import { createHash, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
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
  const tlog = await initializeTLog(url, keys());
  const tsa = await initializeTSA(keys());
  const handlers = [fulcioHandler(ca), rekorHandler(tlog), tsaHandler(tsa)];
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
    const handler = handlers.find(({ path }) => path === pathname);
    if (!handler) return void res.writeHead(404).end('{}');
    const { statusCode, response, contentType } = await handler.fn(
      pathname.endsWith('/timestamp') ? asJson(body) : body.toString(),
    );
    const bytes = typeof response === 'string' ? response : Buffer.from(response.buffer);
    res.writeHead(statusCode, { 'content-type': contentType ?? 'text/plain' }).end(bytes);
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

function asJson(request: Buffer): string {
  const artifactHash = request.subarray(HASH_AT, HASH_AT + 32).toString('base64');
  return JSON.stringify({ artifactHash, hashAlgorithm: 'sha256', certificates: true });
}
