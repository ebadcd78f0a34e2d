// The suite through a proxy: the door under test hands everything on to another one, behind it, which has the executors.
import { beforeEach } from 'vitest';

import { doors, startNodeDoor } from './start.ts';
import type { Served, ServeOptions, StartServer } from './suite/served.ts';

/** A route's library in proxy.ini. */
const LIBRARY = /= \.\/\w+\.so$/gm;

/** The same keys, to an upstream; what a route asks of its library stays behind. */
export function handedOn(routes: string, port: number): string {
  const [keys] = routes.split(/^\[/m);
  return keys.replace(LIBRARY, `= http://127.0.0.1:${port}`);
}

/** Of both, the one that holds more: what is zero is zero in both. */
function heldOf(front: Served, back: Served): ReturnType<Served['held']> {
  front.trim(); // memory that the next answer would be read into
  const [a, b] = [front.held(), back.held()];
  return {
    calls: Math.max(a.calls, b.calls),
    inFlight: Math.max(a.inFlight, b.inFlight),
    bytes: Math.max(a.bytes, b.bytes),
  };
}

/** What is about clients is asked of the door in front, what is about executors of the one behind. */
function through(start: StartServer): StartServer {
  return async (options = {}) => {
    const { routes = '/ = ./lib.so\n', library, health, maxQueue, ...ofClients } = options;
    const ofExecutors: ServeOptions = {
      routes,
      ...(options.body?.max && { body: { max: options.body.max } }),
    };
    if (library !== undefined) ofExecutors.library = library;
    if (health !== undefined) ofExecutors.health = health;
    if (maxQueue !== undefined) ofExecutors.maxQueue = maxQueue;
    const back = await startNodeDoor(ofExecutors);
    const front = await start({ ...ofClients, routes: handedOn(routes, back.port) });
    return {
      ...front,
      threads: back.threads,
      faults: back.faults,
      faulty: back.faulty,
      held: () => heldOf(front, back),
      trim() {
        front.trim();
        back.trim();
      },
      async close(grace) {
        await front.close(grace);
        await back.close(0);
      },
    };
  };
}

/** Each door, in front of another. */
export const proxies: [name: string, start: StartServer][] = doors.map(([name, start]) => [
  `${name}, a proxy`,
  through(start),
]);

/** What is otherwise where a proxy stands between, by the case's name, and why. */
const otherwise = new Map([
  ['hands on names, order and duplicates as sent, without blanks around values', 'it adds fields of its own'],
  ["doesn't mix trailers with fields", 'it adds fields of its own'],
  ['takes 100 fields', 'with those of its own they are too many for who is behind'],
  ['takes fields of 16 KiB', 'with those of its own they are too much for who is behind'],
  ["doesn't answer what follows", 'the limit is that of who is behind, who closes for himself'],
  ['while the answer is sent is logged with 499', 'what has gone on by then is told'],
  ['while the last answer is sent is logged with 499', 'what has gone on by then is told'],
]);

/** For a describe of `proxies`. */
export function skipOtherwise(): void {
  beforeEach(({ task, skip }) => {
    const why = otherwise.get(task.name);
    if (why) skip(why);
  });
}
