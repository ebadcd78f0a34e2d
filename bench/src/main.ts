#!/usr/bin/env node
// `npm run bench`: see --help.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { buildExecutor, copyNode } from './build.ts';
import { faultsTable, runFaults } from './faults.ts';
import { install } from './install.ts';
import { keep } from './keep.ts';
import { memoryTable, runMemory } from './memory.ts';
import { available, common, describe, missing } from './needs.ts';
import { neighboursTable, runNeighbours } from './neighbours.ts';
import { help, type Options, parseOptions, UsageError } from './options.ts';
import { loadCore, scratch } from './paths.ts';
import type { Peer } from './peer.ts';
import { baseline, flexilib, peers } from './peers.ts';
import { proxies, runProxies } from './proxies.ts';
import { report } from './report.ts';
import { runRounds } from './rounds.ts';
import { runSaves, savesTable } from './saves.ts';
import { runSoak } from './soak.ts';
import { complaints, soakTable } from './soak-verdict.ts';
import { runStart, startTable } from './start.ts';
import { tables } from './tables.ts';
import { runTail, tailTable } from './tail.ts';
import { targetsTable } from './targets.ts';
import { plain, type Table } from './words.ts';

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

function print(tables: Table[]): void {
  for (const table of tables) console.log(`\n${plain(table)}`);
}

async function run(options: Options): Promise<void> {
  const { mode, only } = options;
  if (mode === 'saves') {
    const results = await runSaves(options);
    await keep('saves', results, options.save);
    print([savesTable(results)]);
    if (options.save) await report();
    return;
  }
  const named = mode === 'peers' ? peers : mode === 'proxies' ? proxies : undefined;
  const ready = await prepare(named?.filter(({ name }) => only?.includes(name) ?? true) ?? flexilib);
  if (ready.length === 0) throw new UsageError('nothing is left to measure');
  const save = options.save || (options.full && ready.length === named?.length);
  if (mode === 'peers') {
    const results = await runRounds(ready, options, { name: 'latest', baseline });
    await keep('latest', results, save);
    print([targetsTable(results), ...tables(results)]);
  } else if (mode === 'proxies') {
    const results = await runProxies(ready, options);
    await keep('proxies', results, save);
    print(tables(results));
  } else if (mode === 'memory') {
    const results = await runMemory(options);
    await keep('memory', results, save);
    print([memoryTable(results)]);
  } else if (mode === 'neighbours') {
    const results = await runNeighbours(options);
    await keep('neighbours', results, save);
    print([neighboursTable(results)]);
  } else if (mode === 'tail') {
    const results = await runTail(options);
    await keep('tail', results, save);
    print([tailTable(results)]);
  } else if (mode === 'faults') {
    const results = await runFaults(options);
    await keep('faults', results, save);
    print([faultsTable(results)]);
  } else if (mode === 'start') {
    const results = await runStart(options);
    await keep('start', results, save);
    print([startTable(results)]);
  } else {
    const results = await runSoak(options);
    await keep('soak', results, save);
    print([soakTable(results)]);
    for (const complaint of complaints(results)) {
      console.error(`error: ${complaint}`);
      process.exitCode = 1;
    }
  }
  if (save) await report();
}

async function main(options: Options): Promise<void> {
  if (options.help) return console.log(help);
  if (options.install) {
    await install([...peers, ...proxies], common);
    await prepare([...peers, ...proxies]);
  }
  if (options.list || options.install) {
    for (const { name, title, note } of available([...peers, ...proxies]))
      console.log(`${name.padEnd(16)} ${title}: ${note}`);
  } else if (options.report) await report();
  else await run(options);
}

try {
  const names = (all: Peer[]) => all.map(({ name }) => name);
  await main(parseOptions(process.argv.slice(2), names(peers), names(proxies)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`error: ${error.message}\n--help shows the usage`);
  process.exitCode = 2;
}
