// What all proxies ask: no peer of theirs.
import { join } from 'node:path';
import { compile } from '../../src/build.ts';
import { built } from '../../src/paths.ts';
import type { Peer } from '../../src/peer.ts';
import { proxyWorkloadNames } from '../../src/workloads.ts';

const program: string = join(built, 'origin');

export const origin: Peer = {
  name: 'origin',
  title: 'the origin',
  note: 'bare C: ready answers',
  workloads: proxyWorkloadNames,
  needs: [],
  version: ['gcc', '--version'],
  build: () => compile(program, join(import.meta.dirname, 'origin.c'), ['-Wno-unused-result']),
  launch: ({ port }) => ({ argv: [program, String(port)] }),
};
