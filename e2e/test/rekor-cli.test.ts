// The original's way to put a library into a log, with openssl and rekor-cli, which docs/signing.md has. Rekor 1 itself needs
// Trillian and a database, so the log is a stand-in (support/sigstore.ts).
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type KeyType, writeKeys } from '../support/keys.ts';
import { temporaryFolder } from '../support/server.ts';
import { type SigstoreStandIn, startSigstore } from '../support/sigstore.ts';
import { goTool } from '../support/tools.ts';

const rekorCli = await goTool('rekor-cli');
const page = readFileSync(join(import.meta.dirname, '../../docs/signing.md'), 'utf8');

let sigstore: SigstoreStandIn;
beforeAll(async () => {
  sigstore = await startSigstore();
});
afterAll(() => sigstore.close());

it.skipIf(!rekorCli).each<KeyType>(['ec', 'rsa'])(
  'what the page says works with a key of type %s',
  async (type) => {
    const folder = temporaryFolder();
    writeKeys(folder, 'key', type);
    writeFileSync(join(folder, 'libapi.so'), 'a library');
    const [openssl, upload, verify] = page
      .split('### Rekor 1 by hand')[1]
      .split('\n')
      .filter((line) => /^ {4}(openssl|rekor-cli) /.test(line))
      .map((line) => line.trim().split(' '));
    execFileSync(openssl[0], openssl.slice(1), { cwd: folder });
    const rekor = async ([, verb, ...args]: string[]) => {
      const all = [verb, '--rekor_server', sigstore.url, ...args];
      return (
        await promisify(execFile)(rekorCli ?? '', all, { cwd: folder, env: { ...process.env, HOME: folder } })
      ).stdout;
    };
    expect(await rekor(upload)).toContain('Created entry at index');
    expect(await rekor(verify)).toContain('Inclusion Proof');
    writeFileSync(join(folder, 'libapi.so'), 'another');
    await expect(rekor(verify)).rejects.toThrow('verifying signature');
  },
);
