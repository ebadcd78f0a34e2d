// Servers for the suite: each door, with the real runtime, loader and executor.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLoader, type Executor, type Loader, openRunDirectory } from '@flexilib/loader';
import { openListener, type Runtime, startRuntime } from '@flexilib/native';
import { createGroups, type UpstreamOptions, type UpstreamSpec, type UpstreamTarget } from '@flexilib/proxy';
import { createMatcher, parseConfig, type Route } from '@flexilib/router';
import { buildLibrary } from '../../native/test/build.ts';
import type { AccessRecord } from '../src/access.ts';
import { createEdgeDoor, type Door, type DoorOptions } from '../src/door.ts';
import { heldBytes } from '../src/held.ts';
import { createNodeDoor } from '../src/node-door.ts';
import { newPace } from '../src/pace.ts';
import type { ServedRoute, UpstreamRoute } from '../src/routes.ts';
import { collectLines, parseLine } from './lines.ts';
import type { Served, ServeOptions, StartServer } from './suite/served.ts';

const THREADS = 4;

interface Ground {
  runtime: Runtime;
  loader: Loader;
  /** By the name in the configuration. */
  libraries: Record<string, () => string>;
  /** Calls that were acquired and not released. */
  calls: () => number;
}

let ground: Promise<Ground> | undefined;

/** Once a process: the runtime is the process's. */
async function prepare(): Promise<Ground> {
  const source = readFileSync(join(import.meta.dirname, 'executor.c'), 'utf8');
  const library = buildLibrary(source);
  const libraries = {
    './lib.so': () => library,
    './slow.so': () => buildLibrary(source, ['-DSLOW_TO_LOAD']),
    './none.so': () => '/none.so',
  };
  let out = 0;
  const real = startRuntime({ threads: THREADS, arenaReserve: 8192, onLog() {}, onDamage() {} });
  const runtime: Runtime = {
    ...real,
    get pending() {
      return real.pending;
    },
    acquireCall() {
      out += 1;
      return real.acquireCall();
    },
    releaseCall(call) {
      out -= 1;
      real.releaseCall(call);
    },
  };
  const nothing = () => {};
  const loader = createLoader({
    runtime,
    runDirectory: await openRunDirectory(),
    onUnwanted: nothing,
    onSeen: nothing,
    onLoaded: nothing,
    onHealth: nothing,
    onFailed: nothing,
    onProblem: nothing,
  });
  return { runtime, loader, libraries, calls: () => out };
}

/** As the server makes one (apps/server/src/settle.ts). */
function upstreamSpec({ key, pathPrefix, targets, options }: Route): UpstreamSpec {
  const { timeout, head_timeout = 30_000, max_body = 16 << 20 } = options;
  const settled = { ...options, timeout, head_timeout, max_body } as UpstreamOptions;
  return { key, pathPrefix, targets: targets as readonly UpstreamTarget[], options: settled };
}

/** Starts the door that make gives. */
async function start(options: ServeOptions, make: (options: DoorOptions) => Door): Promise<Served> {
  ground ??= prepare();
  const { runtime, loader, libraries, calls } = await ground;
  const config = parseConfig(options.routes ?? '/ = ./lib.so', 'proxy.ini');
  if (config.errors.length > 0) throw new Error(config.errors.map(({ message }) => message).join());
  const match = createMatcher(config.routes);
  const executors = new Set<Executor>();
  const faults: string[] = [];
  const faulty: string[] = [];
  const onFault = (path: string, text: string) => {
    faults.push(text);
    faulty.push(path);
  };
  const groups = createGroups({ onState: onFault });
  const upstreams: UpstreamRoute[] = [];
  const routes = config.routes.map((route): ServedRoute => {
    const { targets, options: routeOptions } = route;
    const { timeout = 30_000, run, max_concurrency } = routeOptions;
    const maxCalls = max_concurrency ?? Number.POSITIVE_INFINITY;
    const [target] = targets;
    if (target.kind === 'return') throw new Error('the server has those');
    if (target.kind === 'upstream') {
      const spec = upstreamSpec(route);
      const served: UpstreamRoute = { kind: 'upstream', spec, group: groups.group(spec), calls: 0, maxCalls };
      upstreams.push(served);
      return served;
    }
    if (target.kind === 'image') throw new Error('the server pulls those');
    const executor = loader.executor(options.library ?? libraries[target.path]());
    executors.add(executor);
    if (!options.health) executor.crashed = () => {};
    return { kind: 'library', executor, timeout, run, pace: newPace(), calls: 0, maxCalls };
  });

  const access: AccessRecord[] = [];
  const door = make({
    runtime,
    routes: () => ({ find: (call) => routes[match(call)] }),
    limits: { header: 20_000, idle: 20_000, send: 20_000, ...options.limits },
    body: { max: 16 << 20, timeout: 20_000, ...options.body },
    maxQueue: options.maxQueue ?? 1000,
    maxConnections: options.maxConnections ?? 10_000,
    trusted: options.trusted ?? [],
    onFault,
    log: options.log ?? collectLines((line) => access.push(parseLine(line))),
  });
  const { fd, port } = await openListener('127.0.0.1', 0);
  door.listen([fd]);
  return {
    port,
    threads: THREADS,
    access,
    faults,
    faulty,
    held() {
      let inFlight = 0;
      let under = calls();
      for (const { current } of executors) inFlight += current?.inFlight ?? 0;
      for (const route of upstreams) {
        under += route.calls;
        for (const { active } of route.group.backends) inFlight += active;
      }
      return { calls: under, inFlight, bytes: heldBytes() };
    },
    trim() {
      door.trim();
      runtime.trim();
    },
    async close(grace = 5000) {
      await door.close(grace);
      groups.close();
    },
    door,
  };
}

/** node:http alone. */
export const startNodeDoor: StartServer = (options = {}) => start(options, createNodeDoor);

export interface EdgeServed extends Served {
  /** Requests that the edge has answered, and connections that it has handed over. */
  edge(): { requests: number; handedOver: number };
}

/** The edge, with node:http behind it. */
export const startEdgeDoor: (options?: ServeOptions) => Promise<EdgeServed> = async (options = {}) => {
  let door!: ReturnType<typeof createEdgeDoor>;
  const served = await start(options, (doorOptions) => {
    door = createEdgeDoor(doorOptions);
    return door;
  });
  return {
    ...served,
    held: () => ({ ...served.held(), bytes: door.held }),
    edge: () => ({ ...door.stats }),
  };
};

/** Every door passes the suite. */
export const doors: [name: string, start: StartServer][] = [
  ['node:http', startNodeDoor],
  ['the edge', startEdgeDoor],
];
