import { join } from 'node:path';
import { compile } from '../../src/build.ts';
import { built } from '../../src/paths.ts';
import type { Peer } from '../../src/peer.ts';
import { workloadNames } from '../../src/workloads.ts';

const program: string = join(built, 'bare-c');

export const peers: Peer[] = [
  {
    name: 'bare-c',
    title: 'bare C, epoll',
    note: 'the floor: no routes, no checks, no log; the version is gcc’s',
    workloads: workloadNames,
    needs: [],
    version: ['gcc', '--version'],
    build: () => compile(program, join(import.meta.dirname, 'server.c'), ['-Wno-unused-result']),
    launch: ({ port, library }) => ({ argv: [program, String(port), library] }),
  },
];
