import type { ServerOptions } from './options.ts';

/** What the environment says of the server's options; each error names its variable. An empty variable is none. */
export function environmentOptions(_env: Readonly<Record<string, string | undefined>>): {
  readonly server: Partial<ServerOptions>;
  readonly errors: readonly string[];
} {
  throw new Error('yet to come');
}
