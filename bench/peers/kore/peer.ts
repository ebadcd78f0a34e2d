import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '../../src/build.ts';
import { built } from '../../src/paths.ts';
import type { Peer } from '../../src/peer.ts';

const handler: string = join(built, 'kore-handler.so');
const paths = ['/x', '/json', '/echo', '/spin'];

const configuration = (port: number): string => `load ${handler}
workers 1
worker_set_affinity 0
worker_rlimit_nofiles 20000
socket_backlog 4096
worker_max_connections 10500
http_keepalive_time 600
http_request_limit 10500
http_body_max 1048576
http_body_disk_offload 0
seccomp_tracing no
server default {
  bind 127.0.0.1 ${port}
  tls no
}
domain * {
  attach default
${paths.map((path) => `  route ${path} page`).join('\n')}
}
`;

export const peers: Peer[] = [
  {
    name: 'kore',
    title: 'Kore',
    note: 'a C page that calls the executor; no log; of pipelined requests it answers the first only',
    workloads: ['text', 'json', 'echo', 'spin'],
    needs: [{ program: 'kore', get: 'apt-get install kore' }],
    version: ['kore', '-v'],
    build: () =>
      compile(handler, join(import.meta.dirname, 'handler.c'), [
        ...['-shared', '-fPIC', '-I/usr/include/kore', '-D_GNU_SOURCE'],
        ...['-Wno-unused-parameter', '-Wno-pedantic'],
      ]),
    launch({ port, folder, library }) {
      const file = join(folder, 'kore.conf');
      writeFileSync(file, configuration(port));
      return { argv: ['kore', '-c', file, '-f', '-n', '-r'], environment: { EXECUTOR: library } };
    },
  },
];
