// What the JavaScript peers have in common: packages of bench/package.json, and a program that gets its port.
import { join } from 'node:path';
import { bench, node, serverNode } from './paths.ts';
import type { Peer } from './peer.ts';
import { workloadNames } from './workloads.ts';

const modules: string = join(bench, 'node_modules');

type Words = Pick<Peer, 'name' | 'title'>;

export function javascript(
  words: Words,
  script: string,
  packages: string[],
  runtime: string = serverNode,
): Peer {
  const [named = ''] = packages;
  return {
    ...words,
    note: 'the executor gets no header fields, which spares it work; no log',
    workloads: workloadNames,
    needs: packages.map((it) => ({
      file: join(modules, it, 'package.json'),
      get: 'npm run bench -- --install',
    })),
    version:
      named === 'koffi'
        ? [node, '--version']
        : [node, '-p', `require('${join(modules, named)}/package.json').version`],
    launch: ({ port, library }) => ({
      argv: [runtime, script, String(port)],
      environment: { EXECUTOR: library },
    }),
  };
}
