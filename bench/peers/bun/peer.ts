import { join } from 'node:path';
import { javascript } from '../../src/javascript.ts';
import { bench } from '../../src/paths.ts';
import type { Peer } from '../../src/peer.ts';

const script: string = join(import.meta.dirname, 'server.mjs');
const bun: string = join(bench, 'node_modules/.bin/bun');
export const peers: Peer[] = [javascript({ name: 'bun', title: 'Bun + bun:ffi' }, script, ['bun'], bun)];
