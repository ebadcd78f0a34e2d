// Every server of the benchmark, FlexiLib first.
import { peers as bareC } from '../peers/bare-c/peer.ts';
import { peers as bun } from '../peers/bun/peer.ts';
import { peers as fastify } from '../peers/fastify/peer.ts';
import { inline, peers as ours } from '../peers/flexilib/peer.ts';
import { peers as go } from '../peers/go/peer.ts';
import { peers as hyper } from '../peers/hyper/peer.ts';
import { peers as kore } from '../peers/kore/peer.ts';
import { peers as nginx } from '../peers/nginx/peer.ts';
import { peers as nodeHttp } from '../peers/node-http/peer.ts';
import type { Peer } from './peer.ts';

export const flexilib: Peer[] = ours;
export const peers: Peer[] = [ours, bareC, hyper, nginx, kore, bun, go, nodeHttp, fastify].flat();
/** What the others are compared with. */
export const baseline: string = inline.name;
