import { join } from 'node:path';
import { javascript } from '../../src/javascript.ts';
import type { Peer } from '../../src/peer.ts';

const script: string = join(import.meta.dirname, 'server.mjs');
export const peers: Peer[] = [
  javascript({ name: 'node-http', title: 'node:http + koffi' }, script, ['koffi']),
];
