// A bundle, or a file, in which one byte is another is refused: whichever byte it is.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { FlexilibError } from '@flexilib/native/errors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPublicKey, readTrustedRoot, type Trust, verifyFile } from '../src/index.ts';

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name);
const folder = mkdtempSync(join(tmpdir(), 'flexilib-flips-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The lowest bit makes another digit and another base64 letter, the others another case or what no text has. */
const MASKS = [0x01, 0x02, 0x20, 0x80];

async function trustIn(key: string): Promise<Trust> {
  const signer = { key: await readPublicKey(fixture(key)), name: key };
  return { signer, root: await readTrustedRoot(fixture('trusted-root.json')), ignoreLog: false };
}

/** Null: it was verified. */
async function refusal(path: string, trust: Trust, bundle: string): Promise<string | null> {
  try {
    await verifyFile(path, trust, bundle);
    return null;
  } catch (error) {
    if (!(error instanceof FlexilibError && error.code === 'FL_SIGNATURE')) throw error;
    return error.message;
  }
}

describe('what is altered by more than a byte', () => {
  // biome-ignore lint/suspicious/noExplicitAny: a test alters any field
  type Entry = any;
  const cases: [string, string, (entry: Entry) => void][] = [
    [
      'a name that @sigstore/verify takes for an expression',
      'another name than its log',
      ({ inclusionProof }) => {
        inclusionProof.checkpoint.envelope = inclusionProof.checkpoint.envelope.replace(
          '\u2014 127',
          '\u2014 .27',
        );
      },
    ],
    [
      'a time that nobody signed',
      'has signed no time',
      (entry) => {
        entry.integratedTime = '1700000000';
      },
    ],
    [
      "an index that isn't the proof's",
      "differs from its proof's",
      (entry) => {
        entry.logIndex = '4';
      },
    ],
    [
      'the signature of the log twice',
      '2 signatures by the log',
      ({ inclusionProof }) => {
        const { envelope } = inclusionProof.checkpoint;
        inclusionProof.checkpoint.envelope = envelope + envelope.slice(envelope.indexOf('\u2014'));
      },
    ],
    [
      'a text below the signatures',
      'another form',
      ({ inclusionProof }) => {
        inclusionProof.checkpoint.envelope += 'text\n';
      },
    ],
    [
      'no proof',
      'is no Sigstore bundle',
      (entry) => {
        delete entry.inclusionProof;
      },
    ],
  ];

  const alter = (change: (entry: Entry) => void) => {
    const bundle = JSON.parse(readFileSync(fixture('lib.sigstore.json'), 'utf8'));
    change(bundle.verificationMaterial.tlogEntries[0]);
    writeFileSync(join(folder, 'altered'), JSON.stringify(bundle));
  };

  it.each(cases)('%s is refused', async (_what, why, change) => {
    alter(change);
    expect(await refusal(fixture('lib'), await trustIn('key.pub'), join(folder, 'altered'))).toContain(why);
  });

  it("a witness' signature is free: nobody here knows its key", async () => {
    alter(({ inclusionProof }) => {
      inclusionProof.checkpoint.envelope += '\u2014 witness.example AAAAAAAA\n';
    });
    expect(await refusal(fixture('lib'), await trustIn('key.pub'), join(folder, 'altered'))).toBeNull();
  });
});

describe.each([
  ['lib.sigstore.json', 'key.pub'],
  ['rsa.sigstore.json', 'rsa.pub'],
  ['cosign.sigstore.json', 'cosign.pub'],
])('%s', (name, key) => {
  let trust: Trust;
  const bytes = readFileSync(fixture(name));
  const changed = join(folder, name);
  beforeAll(async () => {
    trust = await trustIn(key);
  });

  it('is good as it is', async () => {
    expect(await verifyFile(fixture('lib'), trust, fixture(name))).toEqual({
      by: { key },
      log: { url: 'http://127.0.0.1:39101', index: expect.stringMatching(/^[5-7]$/), checked: true },
    });
  });

  it('is refused with any byte altered, unless it says the same', async () => {
    const meaning = JSON.parse(bytes.toString());
    const taken: string[] = [];
    let tried = 0;
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of [MASKS[0], MASKS[1 + (at % 3)]]) {
        const flipped = Buffer.from(bytes);
        flipped[at] ^= mask;
        writeFileSync(changed, flipped);
        tried++;
        if ((await refusal(fixture('lib'), trust, changed)) !== null) continue;
        // White space between the tokens is no part of what is said.
        if (isDeepStrictEqual(JSON.parse(flipped.toString()), meaning)) continue;
        taken.push(`${at}: ${flipped.subarray(at - 30, at + 30)}`);
      }
    }
    expect(taken).toEqual([]);
    expect(tried).toBe(bytes.length * 2);
  }, 120_000);

  it('is refused when cut off anywhere', async () => {
    for (let size = 0; size < bytes.length - 1; size += 41) {
      writeFileSync(changed, bytes.subarray(0, size));
      expect(await refusal(fixture('lib'), trust, changed)).toMatch(/is no (Sigstore bundle|text)/);
    }
  });

  it('is refused for a file with any byte altered', async () => {
    const lib = readFileSync(fixture('lib'));
    for (let at = 0; at < lib.length; at++) {
      const flipped = Buffer.from(lib);
      flipped[at] ^= 1;
      writeFileSync(join(folder, 'lib'), flipped);
      expect(await refusal(join(folder, 'lib'), trust, fixture(name))).toContain("isn't what was signed");
    }
  });
});
