import { newPace, type RouteTable, type ServedRoute } from '@flexilib/http';
import type { Loader } from '@flexilib/loader';
import type { Group, Groups } from '@flexilib/proxy';
import { createFieldTest, createMatcher } from '@flexilib/router';
import { createAnswer } from './answer.ts';
import type { Settings } from './settings.ts';
import type { Destination, SettledRoute } from './settle.ts';

export interface BuiltTable extends RouteTable {
  /** Those of its routes. */
  readonly groups: ReadonlySet<Group>;
}

/** The routes as the doors use them; executors and groups that are there already are kept, as they are. */
export function buildTable(
  routes: Settings['routes'],
  loader: Pick<Loader, 'executor'>,
  registry: Pick<Groups, 'group'>,
): BuiltTable {
  const match = createMatcher(routes);
  const groups = new Set<Group>();

  function serve(destination: Destination, maxCalls: number): ServedRoute {
    switch (destination.kind) {
      case 'library': {
        const { library, timeout, run } = destination;
        const executor = loader.executor(library);
        return { kind: 'library', executor, timeout, run, pace: newPace(), calls: 0, maxCalls };
      }
      case 'upstream': {
        const { spec } = destination;
        const group = registry.group(spec);
        groups.add(group);
        return { kind: 'upstream', spec, group, calls: 0, maxCalls };
      }
      case 'return':
        return { kind: 'return', reply: createAnswer(destination) };
    }
  }

  const served = routes.map(({ destination, maxCalls }) => serve(destination, maxCalls));
  const canaries = routes.map(({ canary, maxCalls }) => canary && createCanary(canary, maxCalls));

  function createCanary({ destination, weight, header }: NonNullable<SettledRoute['canary']>, max: number) {
    const route = serve(destination, max);
    const fits = header ? createFieldTest(header) : () => false;
    return { route, fits, weight };
  }

  return {
    groups,
    find(call) {
      const index = match(call);
      if (index === -1) return undefined;
      const canary = canaries[index];
      if (canary && (canary.fits(call) || Math.random() * 100 < canary.weight)) return canary.route;
      return served[index];
    },
  };
}
