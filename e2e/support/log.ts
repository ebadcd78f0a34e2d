// A transparency log of Sigstore's own make, rekor-tiles, on this machine. It is a real one, but for nobody else watching it.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, temporaryFolder } from './server.ts';

export interface Log {
  readonly url: string;
  /** Files for `--trusted-root` and, cosign's, `--signing-config`. */
  readonly trustedRoot: string;
  readonly signingConfig: string;
  close(): Promise<void>;
}

const ORIGIN = '127.0.0.1';
const START = '2020-01-01T00:00:00Z';

/** program: goTool('rekor-tiles'). */
export async function startLog(program: string): Promise<Log> {
  const folder = temporaryFolder();
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(join(folder, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const ports = [await freePort(), await freePort(), await freePort()];
  const options = {
    hostname: ORIGIN,
    'storage-dir': join(folder, 'log'),
    'signer-filepath': join(folder, 'key.pem'),
    'http-port': ports[0],
    'grpc-port': ports[1],
    'http-metrics-port': ports[2],
    'checkpoint-interval': '1s',
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(program, ['serve', ...args], { stdio: 'ignore' });
  const url = `http://${ORIGIN}:${ports[0]}`;
  await answers(`${url}/healthz`, child);

  const trustedRoot = join(folder, 'trusted-root.json');
  writeFileSync(trustedRoot, JSON.stringify(rootOf(url, publicKey)));
  const signingConfig = join(folder, 'signing-config.json');
  writeFileSync(signingConfig, JSON.stringify(configOf(url)));
  return { url, trustedRoot, signingConfig, close: () => end(child) };
}

/** Until somebody answers there; throws when the process ends before. */
export async function answers(url: string, child: ChildProcess): Promise<void> {
  while (!(await fetch(url).catch(() => null))?.ok) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${child.spawnfile} has ended`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'close');
  child.kill();
  await gone;
}

function rootOf(url: string, key: KeyObject): object {
  const der = key.export({ type: 'spki', format: 'der' });
  // C2SP signed-note: 1 is Ed25519, whose key is the last 32 bytes.
  const id = createHash('sha256').update(`${ORIGIN}\n\u0001`).update(der.subarray(-32));
  const publicKey = {
    rawBytes: der.toString('base64'),
    keyDetails: 'PKIX_ED25519',
    validFor: { start: START },
  };
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [{ baseUrl: url, hashAlgorithm: 'SHA2_256', publicKey, logId: { keyId: id.digest('base64') } }],
  };
}

const configOf = (url: string): object => ({
  mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
  rekorTlogUrls: [{ url, majorApiVersion: 2, validFor: { start: START }, operator: 'local' }],
  rekorTlogConfig: { selector: 'ANY' },
  tsaConfig: {},
});
