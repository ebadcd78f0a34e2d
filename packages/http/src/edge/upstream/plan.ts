// What a route to upstreams needs on the way through the edge, worked out once.
import { ascii, type Composer, createComposer, createNames, type Names } from '@flexilib/proxy';
import { date } from '../../reply.ts';
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
  // Made once a second: what is added is the same for most answers.
  let made: (Uint8Array | undefined)[] = [];
  let madeFor = '';
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
      const now = date();
      if (now !== madeFor) made = [];
      madeFor = now;
      const kind = (hasDate || setsDate ? 1 : 0) + (chunked ? 2 : 0) + (last ? 4 : 0);
      made[kind] ??= ascii(
        (hasDate || setsDate ? '' : `date: ${now}\r\n`) +
          set +
          (last ? 'connection: close\r\n' : '') +
          (chunked ? 'transfer-encoding: chunked\r\n' : ''),
      );
      return made[kind];
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
