import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer, Site } from '../../src/peer.ts';
import { proxyWorkloadNames } from '../../src/workloads.ts';

const configuration = ({ port, upstream }: Site, log: boolean): string => `global
  nbthread 1
  maxconn 4000
${log ? '  log stdout format raw local0 info' : ''}
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 60s
  option http-keep-alive
  option forwardfor
  http-reuse always
${log ? '  log global\n  option httplog' : ''}
frontend clients
  bind 127.0.0.1:${port} backlog 4096
  default_backend origin
backend origin
  server one 127.0.0.1:${upstream}
`;

function proxy(name: string, title: string, note: string, log: boolean): Peer {
  return {
    name,
    title,
    note,
    workloads: proxyWorkloadNames,
    needs: [{ program: 'haproxy', get: 'apt-get install haproxy' }],
    version: ['haproxy', '-v'],
    launch(site) {
      const file = join(site.folder, 'haproxy.cfg');
      writeFileSync(file, configuration(site, log));
      return { argv: ['haproxy', '-f', file, '-db'] };
    },
  };
}

export const peers: Peer[] = [
  proxy('haproxy-log', 'HAProxy, log', '`option httplog` to standard output, which is a file', true),
  proxy('haproxy', 'HAProxy', 'the same without a log, its default', false),
];
