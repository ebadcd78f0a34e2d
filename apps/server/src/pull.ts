// The process that asks registries (puller.ts): {"cache","references"} on standard input, a line of JSON for each reference on
// standard output as soon as it is known. A program of its own, which needs nothing of the server's.
import { text } from 'node:stream/consumers';
import { collectGarbage, openRegistry, parseReference, pull, thisArchitecture } from '@flexilib/oci';

export interface PullOrder {
  cache: string;
  /** As parseReference takes them. */
  references: string[];
}

/** error: why it can't be had. */
export type PullResult = { reference: string } & ({ digest: string; changed: boolean } | { error: string });

const AT_ONCE = 4;

async function main(): Promise<void> {
  const { cache, references }: PullOrder = JSON.parse(await text(process.stdin));
  const left = references.values();

  async function worker(): Promise<void> {
    for (const reference of left)
      process.stdout.write(`${JSON.stringify(await pullOne(cache, reference))}\n`);
  }

  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await collectGarbage(cache);
}

async function pullOne(cache: string, text: string): Promise<PullResult> {
  try {
    const reference = parseReference(text);
    const pulled = await pull(openRegistry(reference), reference, cache, thisArchitecture);
    return { reference: text, ...pulled };
  } catch (error) {
    return { reference: text, error: (error as Error).message };
  }
}

main();
