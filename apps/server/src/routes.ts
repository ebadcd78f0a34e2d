import { newPace, type RouteTable, type ServedRoute } from '@flexilib/http';
import type { Loader } from '@flexilib/loader';
import { createMatcher } from '@flexilib/router';
import type { Settings } from './settings.ts';

/** The routes as the doors use them; executors that are there already are kept, loaded as they are. */
export function buildTable(routes: Settings['routes'], loader: Pick<Loader, 'executor'>): RouteTable {
  const match = createMatcher(routes);
  const served: ServedRoute[] = routes.map(({ library, timeout, options }) => ({
    kind: 'library',
    executor: loader.executor(library),
    timeout,
    run: options.run,
    pace: newPace(),
    calls: 0,
    maxCalls: options.max_concurrency ?? Number.POSITIVE_INFINITY,
  }));
  return { find: (call) => served[match(call)] };
}
