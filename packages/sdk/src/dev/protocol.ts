// What `flexilib dev` and the processes that serve tell each other: a JSON text a line, over a Unix socket.

/** In the environment of the serving processes: the socket's path. */
export const DEV_VARIABLE = 'FLEXILIB_DEV';

/** Why a library is not served as its sources are: it doesn't build, or what was built doesn't load. */
export interface Failure {
  step: 'build' | 'load';
  /** What the compiler said, perhaps in colours; or the server. */
  text: string;
}

/** To the serving processes. */
export type ToServer =
  | {
      kind: 'state';
      /** Libraries whose last build failed, by their absolute paths. */
      failures: Record<string, Failure>;
      /** They are told on open pages only; the builds before them go on. */
      keepServing: boolean;
      /** Counts swaps: a page of an earlier version is old. */
      version: number;
      /** Counts states: a page that tells of a failure is old after each. */
      revision: number;
    }
  /** The library's file is new and whole. */
  | { kind: 'built'; library: string; build: number };

/** From them. */
export interface FromServer {
  kind: 'served';
  library: string;
  /** The number that came with `built`. */
  build: number;
  /** Milliseconds from `built` on, until requests get the new library. */
  took: number;
  /** Why they don't: it can't be loaded. */
  failure: string | null;
}

export const encode = (message: ToServer | FromServer): string => `${JSON.stringify(message)}\n`;

/** Gives each whole line of a stream, parsed, to the function. */
export function decoder<T>(take: (message: T) => void): (piece: string) => void {
  let rest = '';
  return (piece) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop()!;
    for (const line of lines) take(JSON.parse(line) as T);
  };
}
