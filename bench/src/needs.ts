// What a peer needs and lacks.
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Need, Peer } from './peer.ts';

/** nginx lives in sbin, which isn't on everyone's path; wrk is needed whoever is measured. */
process.env.PATH += `${delimiter}/usr/local/sbin${delimiter}/usr/sbin`;

/** What all measurements need. */
export const common: Need[] = [
  { program: 'gcc', get: 'apt-get install gcc' },
  { program: 'taskset', get: 'apt-get install util-linux' },
  { program: 'wrk', get: 'apt-get install wrk' },
];

function onPath(program: string): boolean {
  return process.env.PATH!.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export function missing(needs: Need[]): Need[] {
  return needs.filter((need) => !('program' in need ? onPath(need.program) : existsSync(need.file)));
}

export function describe(need: Need): string {
  return `${'program' in need ? need.program : need.file} is missing: ${need.get}`;
}

/** Those that can run; a line for each that can't. */
export function available(peers: Peer[]): Peer[] {
  return peers.filter((peer) => {
    const lacks = missing(peer.needs);
    for (const need of lacks) console.error(`skipped ${peer.title}: ${describe(need)}`);
    return lacks.length === 0;
  });
}
