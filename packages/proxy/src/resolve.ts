// The addresses of a host, as the system's resolver gives them, so that /etc/hosts holds.
import { isIP } from 'node:net';
import type { Backend } from './group.ts';
import type { UpstreamTarget } from './spec.ts';

/** Milliseconds for which addresses are taken for good while there are requests; without any nothing is looked up. */
export const ADDRESSES_FRESH = 10_000;
/** Milliseconds for which a host without an address isn't looked up again. */
const FAILURE_FRESH = 1000;
/** Milliseconds that who waits for a lookup waits at most. */
const LOOKUP_LIMIT = 5000;
/** Milliseconds for which an address that refused is left out while there are others. */
const AVOIDED = 10_000;

/** The addresses of one host. */
export interface Addresses {
  /** The last that a lookup gave, in its order. */
  readonly list: readonly string[];
  /** See Backend.resolve. */
  resolve(): Promise<readonly string[]>;
  /** Looks the host up in the background when the addresses are old. */
  refresh(): void;
}

const none: readonly string[] = [];

/** Of a Unix socket there are none, of a numeric host that one; nothing is looked up for these. */
export function createAddresses(target: UpstreamTarget): Addresses {
  if (target.socket !== null || isIP(target.host) !== 0) {
    const list = target.socket === null ? [target.host] : none;
    const settled = Promise.resolve(list);
    return { list, resolve: () => settled, refresh() {} };
  }
  const { host } = target;
  let list = none;
  let problem: Error | null = null;
  /** When the last lookup was over. */
  let settledAt = Number.NEGATIVE_INFINITY;
  // The system's resolver can't be told to stop, and holds one of a few threads: there is one lookup of a host at a time.
  let running: Promise<void> | null = null;

  function look(): Promise<void> {
    running ??= lookup(host).then(
      (found) => settle(found, null),
      (error: Error) => settle(list, error),
    );
    return running;
  }

  function settle(found: readonly string[], error: Error | null): void {
    list = found;
    problem = error;
    settledAt = performance.now();
    running = null;
  }

  async function resolve(): Promise<readonly string[]> {
    if (list.length > 0) {
      refresh();
      return list;
    }
    if (problem === null || performance.now() - settledAt >= FAILURE_FRESH) await within(look(), host);
    if (list.length > 0) return list;
    throw problem ?? new Error(`${host} has no address`);
  }

  function refresh(): void {
    if (performance.now() - settledAt >= ADDRESSES_FRESH) look();
  }

  return {
    get list() {
      return list;
    },
    resolve,
    refresh,
  };
}

interface Turn {
  next: number;
  /** Addresses that refused, and until when they are left out. */
  readonly avoided: Map<string, number>;
}

const turns = new WeakMap<Backend, Turn>();

/** The address for the next connection, in turn; «» when the backend has none. */
export function nextAddress(backend: Backend): string {
  const { addresses } = backend;
  if (addresses.length < 2) return addresses[0] ?? '';
  const turn = turnOf(backend);
  const now = performance.now();
  let first = '';
  for (let i = 0; i < addresses.length; i++) {
    const address = addresses[turn.next++ % addresses.length]!;
    if (first === '') first = address;
    const until = turn.avoided.get(address);
    if (until === undefined || until <= now) return address;
  }
  // All of them refused: then they have their turns.
  turn.next++;
  return first;
}

/** No connection came about to this address: others have their turn before it for a while. */
export function avoidAddress(backend: Backend, address: string): void {
  const { avoided } = turnOf(backend);
  for (const known of avoided.keys()) if (!backend.addresses.includes(known)) avoided.delete(known);
  avoided.set(address, performance.now() + AVOIDED);
}

function turnOf(backend: Backend): Turn {
  let turn = turns.get(backend);
  if (!turn) {
    turn = { next: 0, avoided: new Map() };
    turns.set(backend, turn);
  }
  return turn;
}

function lookup(host: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    process.getBuiltinModule('node:dns').lookup(host, { all: true, order: 'verbatim' }, (error, found) => {
      if (error) reject(error);
      else resolve([...new Set(found.map(({ address }) => address))]);
    });
  });
}

/** Rejects when the lookup isn't over in time; it goes on. */
function within(looking: Promise<void>, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new Error(`${host} was not resolved within ${LOOKUP_LIMIT / 1000} s`));
    const timer = setTimeout(late, LOOKUP_LIMIT);
    looking.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}
