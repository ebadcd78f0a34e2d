#!/usr/bin/env node
// `npm run bench`: see --help.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { buildExecutor, copyNode } from './build.ts';
import { install } from './install.ts';
import { keep } from './keep.ts';
import { available, common, describe, missing } from './needs.ts';
import { help, type Options, parseOptions, UsageError } from './options.ts';
import { loadCore, scratch } from './paths.ts';
import type { Peer } from './peer.ts';
import { peers } from './peers.ts';
import { runRounds } from './rounds.ts';
import { tables } from './tables.ts';
import { plain } from './words.ts';

async function prepare(chosen: Peer[]): Promise<Peer[]> {
  const lacks = missing(common);
  if (lacks.length > 0)
    throw new UsageError([...lacks.map(describe), 'or: npm run bench -- --install'].join('\n'));
  mkdirSync(scratch, { recursive: true });
  await Promise.all([buildExecutor(), copyNode()]);
  const ready: Peer[] = [];
  for (const peer of available(chosen)) {
    try {
      if (peer.build) console.error(`building ${peer.title}`);
      await peer.build?.();
      ready.push(peer);
    } catch (error) {
      console.error(`skipped ${peer.title}: its build failed\n${(error as Error).message}`);
    }
  }
  // From here on this process only waits, reads /proc, and holds idle connections: that is load.
  execFileSync('taskset', ['-a', '-c', '-p', String(loadCore), String(process.pid)], { stdio: 'ignore' });
  return ready;
}

async function main(options: Options): Promise<void> {
  const chosen = peers.filter((peer) => options.only?.includes(peer.name) ?? true);
  if (options.help) return console.log(help);
  if (options.install) await install(chosen, common);
  if (options.list) {
    for (const { name, title, note } of available(peers)) console.log(`${name.padEnd(16)} ${title}: ${note}`);
    return;
  }
  const ready = await prepare(chosen);
  const results = await runRounds(ready, options);
  await keep('latest', results, options.save);
  for (const table of tables(results)) console.log(`\n${plain(table)}`);
}

try {
  const names = peers.map(({ name }) => name);
  await main(parseOptions(process.argv.slice(2), names));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`error: ${error.message}\n--help shows the usage`);
  process.exitCode = 2;
}
