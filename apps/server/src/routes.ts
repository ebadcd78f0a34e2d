import { newPace, type RouteTable, type ServedRoute } from '@flexilib/http';
import type { Loader } from '@flexilib/loader';
import type { Group, Groups } from '@flexilib/proxy';
import { createFieldTest, createMatcher, type Head, type Match } from '@flexilib/router';
import { createAnswer } from './answer.ts';
import type { Settings } from './settings.ts';
import type { Destination } from './settle.ts';

export interface BuiltTable extends RouteTable {
  /** Those of its routes. */
  readonly groups: ReadonlySet<Group>;
  /** By their keys; of equal keys the first, which is the one that serves. */
  readonly served: ReadonlyMap<string, Served>;
}

interface Served {
  readonly route: ServedRoute;
  readonly canary: ServedRoute | undefined;
}

/**
 * The routes as the doors use them; executors and groups that are there already are kept, as they are. So are the routes
 * of the table before that have not changed: their calls under way count on, and how long these take is known.
 */
export function buildTable(
  routes: Settings['routes'],
  loader: Pick<Loader, 'executor'>,
  registry: Pick<Groups, 'group'>,
  before?: BuiltTable,
): BuiltTable {
  const groups = new Set<Group>();

  function serve(destination: Destination, maxCalls: number, known: ServedRoute | undefined): ServedRoute {
    switch (destination.kind) {
      case 'library': {
        const { library, timeout, run } = destination;
        const executor = loader.executor(library);
        const isKnown = known?.kind === 'library' && known.executor === executor;
        if (isKnown && known.timeout === timeout && known.run === run && known.maxCalls === maxCalls)
          return known;
        return { kind: 'library', executor, timeout, run, pace: newPace(), calls: 0, maxCalls };
      }
      case 'upstream': {
        const { spec } = destination;
        const group = registry.group(spec);
        groups.add(group);
        // It is the same for equal specs alone.
        if (known?.kind === 'upstream' && known.group === group && known.maxCalls === maxCalls) return known;
        return { kind: 'upstream', spec, group, calls: 0, maxCalls };
      }
      case 'return':
        return { kind: 'return', reply: createAnswer(destination) };
    }
  }

  const served = new Map<string, Served>();
  const all = routes.map(({ key, destination, canary, maxCalls }) => {
    const known = before?.served.get(key);
    const entry = {
      route: serve(destination, maxCalls, known?.route),
      canary: canary && serve(canary.destination, maxCalls, known?.canary),
    };
    if (!served.has(key)) served.set(key, entry);
    const fits = canary?.header ? createFieldTest(canary.header) : fitsNone;
    return { ...entry, fits, weight: canary?.weight ?? 0 };
  });
  return { groups, served, find: createFind(createMatcher(routes), all) };
}

// Functions of their own: those within buildTable would hold the table before, and it the one before.
const fitsNone = (): boolean => false;

function createFind(
  match: Match,
  all: readonly (Served & { fits: (head: Head) => boolean; weight: number })[],
): RouteTable['find'] {
  return (call) => {
    const index = match(call);
    if (index === -1) return undefined;
    const { route, canary, fits, weight } = all[index];
    return canary && (fits(call) || Math.random() * 100 < weight) ? canary : route;
  };
}
