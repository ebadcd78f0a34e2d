import { join } from 'node:path';
import { javascript } from '../../src/javascript.ts';
import type { Peer } from '../../src/peer.ts';

const script: string = join(import.meta.dirname, 'server.mjs');
export const peers: Peer[] = [
  javascript({ name: 'fastify', title: 'Fastify + koffi' }, script, ['fastify', 'koffi']),
];
