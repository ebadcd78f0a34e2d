// FlexiLib as shipped, with a route to an upstream.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, needs, version } from '../../peers/flexilib/peer.ts';
import { serverNode } from '../../src/paths.ts';
import type { Peer } from '../../src/peer.ts';
import { proxyWorkloadNames } from '../../src/workloads.ts';

function proxy(name: string, title: string, note: string, stdout?: string): Peer {
  return {
    name,
    title,
    note,
    workloads: proxyWorkloadNames,
    needs,
    version,
    launch({ port, folder, upstream }) {
      const file = join(folder, 'proxy.ini');
      writeFileSync(file, `/ = http://127.0.0.1:${upstream}\n\n[server]\nhost = 127.0.0.1\nport = ${port}\n`);
      return { argv: [serverNode, command, 'serve', '--config', file], ...(stdout && { stdout }) };
    },
  };
}

export const logged: Peer = proxy('flexilib', 'FlexiLib', 'as shipped: its router, its log in a file');
export const peers: Peer[] = [
  logged,
  proxy(
    'flexilib-nolog',
    'FlexiLib, log discarded',
    'the log has no switch: it goes to /dev/null',
    '/dev/null',
  ),
];
