import { join } from 'node:path';
import { $ } from 'zx';
import { built } from '../../src/paths.ts';
import type { Peer } from '../../src/peer.ts';
import { workloadNames } from '../../src/workloads.ts';

const folder: string = import.meta.dirname;
const target: string = join(built, 'cargo');

export const peers: Peer[] = [
  {
    name: 'hyper',
    title: 'Rust hyper',
    note: 'tokio on one thread, libloading; no router, no log',
    workloads: workloadNames,
    needs: [{ program: 'cargo', get: 'https://rustup.rs' }],
    version: [
      'cargo',
      'tree',
      '--manifest-path',
      join(folder, 'Cargo.toml'),
      '--depth',
      '0',
      '-p',
      'hyper',
      '--prefix',
      'none',
    ],
    async build() {
      await $`cargo build --release --locked --manifest-path ${join(folder, 'Cargo.toml')} --target-dir ${target}`.quiet();
    },
    launch: ({ port, library }) => ({ argv: [join(target, 'release/hyper-peer'), String(port), library] }),
  },
];
