import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { $ } from 'zx';
import { include, product } from '../../src/build.ts';
import { built } from '../../src/paths.ts';
import type { Need, Peer } from '../../src/peer.ts';
import { workloadNames } from '../../src/workloads.ts';
import { configuration } from './configuration.ts';

const here: string = import.meta.dirname;
const module: string = join(built, 'ngx_http_executor_module.so');
const nginx: Need = { program: 'nginx', get: 'apt-get install nginx-light' };
const sources: Need = { file: '/usr/share/nginx/src/conf_flags', get: 'apt-get install nginx-dev' };

function build(): Promise<void> {
  const inputs = ['config', 'build.sh', 'ngx_http_executor_module.c'].map((name) => join(here, name));
  return product(module, inputs, () => $`${join(here, 'build.sh')} ${built} ${include}`.quiet());
}

function start(folder: string, text: string): { argv: string[] } {
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, text);
  return { argv: ['nginx', '-c', file, '-e', join(folder, 'error.log')] };
}

function withModule(name: string, title: string, note: string, log: boolean): Peer {
  return {
    name,
    title,
    note,
    workloads: workloadNames,
    needs: [nginx, sources],
    version: ['nginx', '-v'],
    build,
    launch: ({ port, folder, library }) =>
      start(folder, configuration({ port, folder, module, location: `executor ${library};`, log })),
  };
}

export const peers: Peer[] = [
  withModule(
    'nginx-log',
    'nginx + C module, log',
    'a module that calls the executor; `access_log … buffer=64k`',
    true,
  ),
  withModule('nginx', 'nginx + C module', 'the same without a log', false),
  {
    name: 'nginx-constant',
    title: 'nginx, constant',
    note: '`return 200 "exec says /x"`: no executor, no log',
    workloads: ['text', 'pipelined'],
    needs: [nginx],
    version: ['nginx', '-v'],
    launch: ({ port, folder }) =>
      start(folder, configuration({ port, folder, location: 'return 200 "exec says /x";', log: false })),
  },
];
