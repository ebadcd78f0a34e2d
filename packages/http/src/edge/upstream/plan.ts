// What a route to upstreams needs on the way through the edge, worked out once.
import { ascii, type Composer, createComposer, createNames, type Names } from '@flexilib/proxy';
import type { UpstreamRoute } from '../../routes.ts';

/** Bytes of fields that are added to answers; more are not plain. */
const ADDED_MAX = 2048;

export interface Plan {
  /** False: its requests take the complete way. */
  readonly isPlain: boolean;
  readonly compose: Composer;
  /** What goes from answers beside what always does. */
  readonly dropped: Names;
  /** What an answer gets. hasDate: it has one already. chunked: it gets a coding. last: it ends the connection. */
  added(hasDate: boolean, chunked: boolean, last: boolean): Uint8Array;
}

const nothing = new Uint8Array(0);

function createPlan({ spec }: UpstreamRoute): Plan {
  const { set_response_header, remove_response_header, buffering, mirror } = spec.options;
  const set = set_response_header.map(({ name, value }) => `${name}: ${value}\r\n`).join('');
  const names = [...set_response_header.map(({ name }) => name), ...remove_response_header];
  const setsDate = names.some((name) => name.toLowerCase() === 'date');
  return {
    isPlain:
      buffering === 'off' &&
      mirror === undefined &&
      set.length <= ADDED_MAX &&
      spec.targets.every(({ secure }) => !secure),
    compose: createComposer(spec),
    dropped: createNames(names),
    added(hasDate, chunked, last) {
      if ((hasDate || setsDate) && !chunked && !last && set === '') return nothing;
      const date = hasDate || setsDate ? '' : `date: ${new Date().toUTCString()}\r\n`;
      const coding = chunked ? 'transfer-encoding: chunked\r\n' : '';
      return ascii(`${date}${set}${last ? 'connection: close\r\n' : ''}${coding}`);
    },
  };
}

const plans = new WeakMap<UpstreamRoute, Plan>();

export function planOf(route: UpstreamRoute): Plan {
  let plan = plans.get(route);
  if (plan === undefined) {
    plan = createPlan(route);
    plans.set(route, plan);
  }
  return plan;
}
