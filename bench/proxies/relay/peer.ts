import { join } from 'node:path';
import { compile } from '../../src/build.ts';
import { built } from '../../src/paths.ts';
import type { Peer } from '../../src/peer.ts';
import { proxyWorkloadNames } from '../../src/workloads.ts';

const program: string = join(built, 'relay');

export const peers: Peer[] = [
  {
    name: 'relay',
    title: 'blind relay in C',
    note: 'the floor: a connection to the origin for each client, bytes go through unread, no log; the version is gcc’s',
    workloads: proxyWorkloadNames,
    needs: [],
    version: ['gcc', '--version'],
    build: () => compile(program, join(import.meta.dirname, 'relay.c'), ['-Wno-unused-result']),
    launch: ({ port, upstream }) => ({ argv: [program, String(port), String(upstream)] }),
  },
];
