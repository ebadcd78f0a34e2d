import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer, Site } from '../../src/peer.ts';
import { proxyWorkloadNames } from '../../src/workloads.ts';

const configuration = ({ port, folder, upstream }: Site, log: boolean): string => `{
	admin off
	auto_https off
}
http://127.0.0.1:${port} {
	bind 127.0.0.1
${log ? `	log {\n		output file ${folder}/access.log {\n			roll_disabled\n		}\n	}` : ''}
	reverse_proxy 127.0.0.1:${upstream} {
		transport http {
			keepalive_idle_conns_per_host 1024
		}
	}
}
`;

function proxy(name: string, title: string, note: string, log: boolean): Peer {
  return {
    name,
    title,
    note,
    workloads: proxyWorkloadNames,
    needs: [{ program: 'caddy', get: 'apt-get install caddy' }],
    version: ['caddy', 'version'],
    launch(site) {
      const file = join(site.folder, 'Caddyfile');
      writeFileSync(file, configuration(site, log));
      return { argv: ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'] };
    },
  };
}

export const peers: Peer[] = [
  proxy('caddy-log', 'Caddy, log', '`log { output file … }`', true),
  proxy('caddy', 'Caddy', 'the same without a log, its default', false),
];
