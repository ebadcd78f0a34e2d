// Ways to start the same server: what it is read from, what Node is told, what is kept from another start.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { transform } from 'esbuild';
import { command, flexilib, proxyIni } from '../peers/flexilib/peer.ts';
import { built, root, serverNode } from './paths.ts';
import type { Peer } from './peer.ts';
import { ask, startServer } from './server.ts';

const folder: string = join(built, 'start');
const server: string = join(root, 'apps/server');

interface Variant {
  name: string;
  title: string;
  /** Of Node. */
  flags?: string[];
  /** What Node runs, instead of the command. */
  program?: string;
  environment?: Record<string, string>;
  supervised?: boolean;
}

/** Makes them, and gives a server each; the first is the one as shipped, but for its supervisor. */
export async function variants(): Promise<Peer[]> {
  rmSync(folder, { recursive: true, force: true });
  const flags = (...list: string[]) => ({
    flags: list,
    name: list
      .join('')
      .replaceAll(/[^\w]+/g, '-')
      .slice(2),
  });
  const all: Variant[] = [
    { name: 'bundle', title: 'the bundle' },
    { name: 'supervised', title: 'the bundle, with its supervisor', supervised: true },
    { name: 'sources', title: 'its sources, as ES modules', program: join(server, 'src/main.ts') },
    { name: 'minified', title: 'minified whole, not its syntax alone', program: await minified() },
    await cached(),
    {
      name: 'unflagged',
      title: 'with V8’s own size of the nursery',
      program: join(server, 'dist/flexilib.cjs'),
    },
    { ...flags('--single-threaded'), title: '`--single-threaded`' },
    { ...flags('--v8-pool-size=0'), title: '`--v8-pool-size=0`' },
    { ...flags('--no-opt'), title: '`--no-opt`' },
    { ...flags('--max-lazy'), title: '`--max-lazy`' },
    { ...flags('--lite-mode'), title: '`--lite-mode`' },
    { ...flags('--optimize-for-size'), title: '`--optimize-for-size`' },
  ];
  return all.map(peerOf);
}

function peerOf({ name, title, flags = [], program = command, environment, supervised }: Variant): Peer {
  return {
    ...flexilib({ name: `start-${name}`, title, note: '' }, [], []),
    launch(site) {
      const file = join(site.folder, 'proxy.ini');
      writeFileSync(file, proxyIni(site, ['/'], ['/']));
      const argv = [serverNode, ...flags, program, 'serve', '--config', file];
      if (!supervised) argv.push('--no-supervisor');
      return { argv, ...(environment && { environment }) };
    },
  };
}

/** A copy of the built server whose main file esbuild has minified whole. */
async function minified(): Promise<string> {
  const place = join(folder, 'minified');
  mkdirSync(place, { recursive: true });
  for (const name of ['bin', 'dist']) cpSync(join(server, name), join(place, name), { recursive: true });
  const main = join(realpathSync(place), 'dist/flexilib.cjs');
  const { code } = await transform(readFileSync(main, 'utf8'), {
    minify: true,
    platform: 'node',
    format: 'cjs',
  });
  writeFileSync(main, code);
  return join(place, 'bin/flexilib.cjs');
}

/** Node writes its cache when a process ends by itself, which a server doesn't: here it does so when it has answered. */
async function cached(): Promise<Variant> {
  const cache = join(folder, 'cache');
  const variant = {
    name: 'cached',
    title: 'with `NODE_COMPILE_CACHE`, filled',
    environment: { NODE_COMPILE_CACHE: cache },
  };
  mkdirSync(folder, { recursive: true });
  const flush = join(folder, 'flush.cjs');
  writeFileSync(flush, "process.on('SIGURG', () => require('node:module').flushCompileCache());\n");
  const server = await startServer(peerOf({ ...variant, flags: ['-r', flush] }));
  await ask(server.port, '/x');
  for (const pid of server.pids()) process.kill(pid, 'SIGURG');
  while (!existsSync(cache) || readdirSync(cache, { recursive: true }).length < 3) await sleep(50);
  await server.stop();
  return variant;
}
