// FlexiLib as shipped: its command, its router, its timeouts, its request log.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, serverNode } from '../../src/paths.ts';
import type { Need, Peer, Site } from '../../src/peer.ts';
import { workloadNames } from '../../src/workloads.ts';

export const command: string = join(root, 'apps/server/bin/flexilib.cjs');
const bundle: string = join(root, 'apps/server/dist/flexilib.cjs');
export const needs: Need[] = [{ file: bundle, get: 'npm run build' }];
export const version: string[] = [serverNode, command, '--version'];

/** Routes in their order, all to the one library, and those of them that run inline. */
export function proxyIni({ library, port }: Site, routes: string[], inline: string[]): string {
  return [
    ...routes.map((route) => `${route} = ${library}`),
    ...inline.map((route) => `\n[${route}]\nrun = inline`),
    `\n[server]\nhost = 127.0.0.1\nport = ${port}\n`,
  ].join('\n');
}

type Words = Pick<Peer, 'name' | 'title' | 'note'>;

/** FlexiLib with a configuration of its own. */
export function flexilib(words: Words, routes: string[], inline: string[], stdout?: string): Peer {
  return {
    ...words,
    workloads: workloadNames,
    needs,
    version,
    launch(site) {
      const file = join(site.folder, 'proxy.ini');
      writeFileSync(file, proxyIni(site, routes, inline));
      return { argv: [serverNode, command, 'serve', '--config', file], ...(stdout && { stdout }) };
    },
  };
}

// Computing never belongs on the loop: /spin stays on the pool.
const routes = ['/json', '/echo', '/spin', '/'];
const allButSpin = ['/json', '/echo', '/'];

export const inline: Peer = flexilib(
  { name: 'flexilib-inline', title: 'FlexiLib, inline', note: 'as shipped, log in a file; `run = inline`' },
  routes,
  allButSpin,
);
export const pool: Peer = flexilib(
  {
    name: 'flexilib-pool',
    title: 'FlexiLib, pool',
    note: 'as shipped, log in a file; the default: calls on native threads',
  },
  routes,
  [],
);
const discarded: Peer = flexilib(
  {
    name: 'flexilib-nolog',
    title: 'FlexiLib, inline, log discarded',
    note: 'the log has no switch: it goes to /dev/null',
  },
  routes,
  allButSpin,
  '/dev/null',
);
export const peers: Peer[] = [inline, pool, discarded];

/** FlexiLib as `npm start` runs it: the examples. */
export const examples: Peer = {
  ...pool,
  name: 'flexilib-examples',
  launch: ({ port }) => ({
    argv: [serverNode, command, 'serve', '--config', join(root, 'examples/proxy.ini')],
    environment: { HOST: '127.0.0.1', PORT: String(port), SERVER_THREAD_COUNT: '2' },
  }),
};
