import { join } from 'node:path';
import { $ } from 'zx';
import { include } from '../../src/build.ts';
import { built } from '../../src/paths.ts';
import type { Peer } from '../../src/peer.ts';
import { workloadNames } from '../../src/workloads.ts';

const program: string = join(built, 'go-peer');

export const peers: Peer[] = [
  {
    name: 'go',
    title: 'Go + cgo',
    note: 'net/http; no log',
    workloads: workloadNames,
    needs: [{ program: 'go', get: 'https://go.dev/dl' }],
    version: ['go', 'version'],
    async build() {
      const env = { ...process.env, CGO_CFLAGS: `-O2 -I${include}` };
      await $({ cwd: import.meta.dirname, env })`go build -ldflags ${'-s -w'} -o ${program} .`.quiet();
    },
    launch: ({ port, library }) => ({ argv: [program, String(port), library] }),
  },
];
