// A real transparency log: rekor-tiles (Rekor 2), which keeps its entries in a folder.
import { spawn } from 'node:child_process';
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, temporaryFolder } from './server.ts';

export interface TransparencyLog {
  readonly url: string;
  /** For cosign: where to sign, and whom to trust; the latter for us too. */
  readonly signingConfig: string;
  readonly trustedRoot: string;
  close(): Promise<void>;
}

/** program: of goTool. */
export async function startLog(program: string): Promise<TransparencyLog> {
  const folder = temporaryFolder();
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(join(folder, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const [http, grpc, metrics] = [await freePort(), await freePort(), await freePort()];
  const args = ['--hostname', '127.0.0.1', '--storage-dir', join(folder, 'log')];
  args.push('--signer-filepath', join(folder, 'key.pem'), '--checkpoint-interval', '1s');
  args.push('--http-port', `${http}`, '--grpc-port', `${grpc}`, '--http-metrics-port', `${metrics}`);
  const child = spawn(program, ['serve', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  const gone = once(child, 'close');
  const url = `http://127.0.0.1:${http}`;
  while (!(await fetch(`${url}/healthz`).catch(() => null))?.ok) {
    if (child.exitCode !== null) throw new Error(`the log has ended: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const start = '2024-01-01T00:00:00Z';
  const signingConfig = join(folder, 'signing-config.json');
  const rekorTlogUrls = [{ url, majorApiVersion: 2, validFor: { start }, operator: 'test' }];
  writeFileSync(
    signingConfig,
    JSON.stringify({
      mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
      rekorTlogUrls,
      rekorTlogConfig: { selector: 'ANY' },
      tsaConfig: {},
    }),
  );
  const der = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })).export({
    type: 'spki',
    format: 'der',
  });
  const trustedRoot = join(folder, 'trusted-root.json');
  const key = { rawBytes: der.toString('base64'), keyDetails: 'PKIX_ED25519', validFor: { start } };
  // As C2SP's signed-note makes it: of the log's name, a line feed, the algorithm's number and the key.
  const id = createHash('sha256').update('127.0.0.1\n\x01').update(der.subarray(-32)).digest('base64');
  const tlogs = [{ baseUrl: url, hashAlgorithm: 'SHA2_256', publicKey: key, logId: { keyId: id } }];
  writeFileSync(
    trustedRoot,
    JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1', tlogs }),
  );
  return {
    url,
    signingConfig,
    trustedRoot,
    async close() {
      child.kill();
      await gone;
    },
  };
}
