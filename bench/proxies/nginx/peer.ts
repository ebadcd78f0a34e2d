import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configuration } from '../../peers/nginx/configuration.ts';
import type { Peer } from '../../src/peer.ts';
import { proxyWorkloadNames } from '../../src/workloads.ts';

/** Keep-alive to the upstream, which nginx before 1.29.7 has to be asked for, and the fields that FlexiLib adds by itself. */
const location: string = [
  'proxy_pass http://origin;',
  'proxy_http_version 1.1;',
  'proxy_set_header Connection "";',
  'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
].join(' ');
const origin = (port: number): string =>
  `upstream origin { server 127.0.0.1:${port}; keepalive 1024; keepalive_requests 100000000; }`;

function proxy(name: string, title: string, note: string, log: boolean): Peer {
  return {
    name,
    title,
    note,
    workloads: proxyWorkloadNames,
    needs: [{ program: 'nginx', get: 'apt-get install nginx-light' }],
    version: ['nginx', '-v'],
    launch({ port, folder, upstream }) {
      const file = join(folder, 'nginx.conf');
      writeFileSync(file, configuration({ port, folder, location, log, http: origin(upstream) }));
      return { argv: ['nginx', '-c', file, '-e', join(folder, 'error.log')] };
    },
  };
}

export const peers: Peer[] = [
  proxy('nginx-log', 'nginx, log', '`upstream` with `keepalive`, `access_log … buffer=64k`', true),
  proxy('nginx', 'nginx', 'the same without a log', false),
];
