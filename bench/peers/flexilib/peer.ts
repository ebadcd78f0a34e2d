// FlexiLib as shipped: its command, its router, its timeouts, its request log.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, serverNode } from '../../src/paths.ts';
import type { Peer, Site } from '../../src/peer.ts';
import { workloadNames } from '../../src/workloads.ts';

const command: string = join(root, 'apps/server/bin/flexilib.cjs');
const bundle: string = join(root, 'apps/server/dist/flexilib.cjs');

/** Where a route's calls run. Computing never belongs on the loop, so /spin and /block stay on the pool. */
function proxyIni({ library, port }: Site, run: 'inline' | 'pool'): string {
  const routes = ['/json', '/echo', '/spin', '/block', '/'];
  const inline = run === 'inline' ? ['/json', '/echo', '/'] : [];
  return [
    ...routes.map((route) => `${route} = ${library}`),
    ...inline.map((route) => `\n[${route}]\nrun = inline`),
    `\n[server]\nhost = 127.0.0.1\nport = ${port}\n`,
  ].join('\n');
}

function flexilib(
  words: Pick<Peer, 'name' | 'title' | 'note'>,
  run: 'inline' | 'pool',
  stdout?: string,
): Peer {
  return {
    ...words,
    workloads: workloadNames,
    needs: [{ file: bundle, get: 'npm run build' }],
    version: [serverNode, command, '--version'],
    launch(site) {
      const file = join(site.folder, 'proxy.ini');
      writeFileSync(file, proxyIni(site, run));
      return { argv: [serverNode, command, 'serve', '--config', file], ...(stdout && { stdout }) };
    },
  };
}

export const inline: Peer = flexilib(
  { name: 'flexilib-inline', title: 'FlexiLib, inline', note: 'as shipped, log in a file; `run = inline`' },
  'inline',
);
export const pool: Peer = flexilib(
  {
    name: 'flexilib-pool',
    title: 'FlexiLib, pool',
    note: 'as shipped, log in a file; the default: calls on native threads',
  },
  'pool',
);
const discarded: Peer = flexilib(
  {
    name: 'flexilib-nolog',
    title: 'FlexiLib, inline, log discarded',
    note: 'the log has no switch: it goes to /dev/null',
  },
  'inline',
  '/dev/null',
);
export const peers: Peer[] = [inline, pool, discarded];
