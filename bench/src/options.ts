// The command line.
import { parseArgs } from 'node:util';
import { proxyWorkloadNames, type WorkloadName, workloadNames } from './workloads.ts';

export const help: string = `npm run bench -- [MODE] [OPTIONS]

Measures FlexiLib and its peers in one run: each round starts every server once, in a new order, on one core, and
loads it from another. The table shows medians over the rounds.

  MODE
    (none)         all servers, all workloads
    proxies        FlexiLib and its peers as reverse proxies, before an origin that costs next to nothing
    memory         FlexiLib with the examples: idle, after a million requests, with 10,000 idle connections
    neighbours     p99 of a fast route alone, and beside a library that computes 50 ms a call
    tail           p99 at 64 connections while no server is at its limit
    faults         the guard, kills of the serving process, a library that crashes for a minute
    start          to the first answer, and memory at rest: the bundle, its sources, flags of V8, a cache of compiled code
    saves          flexilib dev: from a save of a template's source to the new answer, in C, Rust and Zig
    soak           FlexiLib under a mixed load while its library is swapped once a second

  OPTIONS
    --install      get what the peers need, and measure nothing: Debian packages (as root), npm packages, builds
    --rounds N     rounds (9; of memory 3; saves and soak have one)
    --secs N       seconds a measurement (2)
    --only A,B     these servers only; their ratios need flexilib-inline, or flexilib of the proxies, among them
    --workloads A  of ${workloadNames.join(', ')}; of proxies ${proxyWorkloadNames.join(', ')}
    --connections N  idle connections to hold (10000; of proxies 0), in the first three rounds
    --requests N   of soak (20000000), memory (1000000) and start (1000)
    --quick        one round, one second: is everything in order?
    --save         keep the results in bench/results and write docs/performance.md; a full run of nine rounds or
                   more, with all servers, does so by itself. Results are always left in bench/dist
    --report       write docs/performance.md from the kept results, and measure nothing
    --list         the servers, and what the missing ones need
    --help
`;

export type Mode =
  | 'peers'
  | 'proxies'
  | 'memory'
  | 'neighbours'
  | 'tail'
  | 'faults'
  | 'start'
  | 'saves'
  | 'soak';
const modes: Mode[] = ['proxies', 'memory', 'neighbours', 'tail', 'faults', 'start', 'saves', 'soak'];
const FULL_ROUNDS = 9;
const roundsOf: Record<Mode, number> = {
  peers: FULL_ROUNDS,
  proxies: FULL_ROUNDS,
  neighbours: FULL_ROUNDS,
  tail: FULL_ROUNDS,
  faults: FULL_ROUNDS,
  start: FULL_ROUNDS,
  memory: 3,
  saves: 1,
  soak: 1,
};

export interface Options {
  mode: Mode;
  only: string[] | undefined;
  workloads: readonly WorkloadName[];
  rounds: number;
  secs: number;
  connections: number;
  requests: number | undefined;
  /** Asked for. */
  save: boolean;
  /** A run of everything, long enough to be kept. */
  full: boolean;
  install: boolean;
  report: boolean;
  list: boolean;
  help: boolean;
}

/** Something that the user can mend. */
export class UsageError extends Error {}

function whole(name: string, text: string, least: number): number {
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isInteger(value) || value < least)
    throw new UsageError(`--${name}: ${text} is not a whole number from ${least}`);
  return value;
}

function known<T extends string>(option: string, text: string, names: readonly T[]): T[] {
  return text.split(',').map((word) => {
    const name = names.find((it) => it === word);
    if (!name) throw new UsageError(`--${option}: there is no ${word}; there are ${names.join(', ')}`);
    return name;
  });
}

const flag = { type: 'boolean', default: false } as const;
const text = { type: 'string' } as const;

/** servers, proxies: what there is to choose from. Throws UsageError. */
export function parseOptions(args: string[], servers: string[], proxies: string[]): Options {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  const mode = positionals.length === 0 ? 'peers' : modes.find((it) => it === positionals[0]);
  if (!mode || positionals.length > 1) throw new UsageError(`the modes are ${modes.join(', ')}`);
  const { quick, only, workloads } = values;
  const proxied = mode === 'proxies';
  const all = proxied ? proxyWorkloadNames : workloadNames;
  const rounds = whole('rounds', values.rounds ?? String(quick ? 1 : roundsOf[mode]), 1);
  return {
    mode,
    only: only === undefined ? undefined : known('only', only, proxied ? proxies : servers),
    workloads: workloads === undefined ? all : known<WorkloadName>('workloads', workloads, all),
    rounds,
    secs: whole('secs', values.secs ?? (quick ? '1' : '2'), 1),
    connections: whole('connections', values.connections ?? (proxied ? '0' : quick ? '1000' : '10000'), 0),
    requests: values.requests === undefined ? undefined : whole('requests', values.requests, 1),
    save: values.save,
    full: (mode === 'peers' || proxied) && !only && !workloads && !quick && rounds >= FULL_ROUNDS,
    install: values.install,
    report: values.report,
    list: values.list,
    help: values.help,
  };
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...{ rounds: text, secs: text, only: text, workloads: text, connections: text, requests: text },
      ...{ quick: flag, save: flag, install: flag, report: flag, list: flag, help: { ...flag, short: 'h' } },
    },
  });
}
