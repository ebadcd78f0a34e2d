/**
 * Every option of proxy.ini, once: the parser, its error texts, the types below and the tables of
 * docs/proxy-ini.md are derived from these two tables. Bounds and defaults are written as in the file.
 */

interface Common {
  /** One line for the operator. */
  readonly doc: string;
  /** The value when the option is not given, as one would write it; without it the value is undefined… */
  readonly default?: string;
  /** …and this says in words what holds then. */
  readonly unset?: string;
  /** The environment variable that wins over the file; the server reads it. */
  readonly env?: string;
  /** The unit of the variable's plain number, when it is one. */
  readonly envUnit?: string;
}

export type Option =
  | (Common & {
      readonly type: 'duration' | 'size' | 'integer';
      readonly min: string;
      readonly max: string;
    })
  | (Common & { readonly type: 'enum'; readonly values: readonly string[] })
  | (Common & { readonly type: 'string' });

export type OptionTable = Readonly<Record<string, Option>>;

/** The options of a route, in the section named by its key. */
export const routeOptions = {
  timeout: {
    type: 'duration',
    min: '1ms',
    max: '1440m',
    unset: 'that of `[server]`',
    doc: 'from dispatch, waiting in the queue included, to the return of the response; past it the answer is 504',
  },
  run: {
    type: 'enum',
    values: ['pool', 'inline'] as const,
    unset: 'pool, unless the library exports `flexilib_nonblocking`',
    doc: "where calls run: on the native pool, or on the server's loop, for a library that never blocks",
  },
  max_concurrency: {
    type: 'integer',
    min: '1',
    max: '1000000',
    unset: 'no limit',
    doc: 'most calls of the route at a time, waiting ones included; past it the answer is 503',
  },
} as const;

/** The options of the section [server]. */
export const serverOptions = {
  port: {
    type: 'integer',
    min: '0',
    max: '65535',
    default: '8069',
    env: 'PORT',
    doc: 'the TCP port to listen on; 0 takes a free one',
  },
  host: {
    type: 'string',
    default: '0.0.0.0',
    env: 'HOST',
    doc: 'the address to listen on',
  },
  workers: {
    type: 'integer',
    min: '1',
    max: '64',
    default: '1',
    env: 'WORKERS',
    doc: 'serving processes, all on the same socket; each has a loop, a pool and its libraries',
  },
  threads: {
    type: 'integer',
    min: '1',
    max: '1024',
    unset: 'the number of CPUs, shared among the workers',
    env: 'SERVER_THREAD_COUNT',
    doc: 'native threads of the pool of each process; one more serves quick calls while slow ones hold all of these',
  },
  timeout: {
    type: 'duration',
    min: '1ms',
    max: '1440m',
    default: '30s',
    doc: 'the `timeout` of routes that have none of their own',
  },
  response_preallocation: {
    type: 'size',
    min: '1k',
    max: '1g',
    default: '8k',
    env: 'RESPONSE_PREALLOCATION_KB',
    envUnit: 'k',
    doc: "bytes each thread's arena holds before the first request",
  },
  header_timeout: {
    type: 'duration',
    min: '1ms',
    max: '1440m',
    default: '10s',
    doc: "longest time for a request's head to arrive",
  },
  body_timeout: {
    type: 'duration',
    min: '1ms',
    max: '1440m',
    default: '30s',
    doc: 'longest silence between two pieces of a request body',
  },
  idle_timeout: {
    type: 'duration',
    min: '1ms',
    max: '1440m',
    default: '60s',
    doc: 'how long a kept-alive connection may wait for its next request',
  },
  send_timeout: {
    type: 'duration',
    min: '1ms',
    max: '1440m',
    default: '60s',
    doc: 'how long a client may leave its response unread',
  },
  max_body: {
    type: 'size',
    min: '1k',
    max: '1g',
    default: '16m',
    doc: 'largest request body; past it the answer is 413',
  },
  max_queue: {
    type: 'integer',
    min: '1',
    max: '1000000',
    default: '1024',
    doc: 'most calls waiting for a thread; past it the answer is 503',
  },
  max_connections: {
    type: 'integer',
    min: '1',
    max: '1000000',
    default: '20000',
    doc: 'most open connections; further ones wait until others are closed',
  },
  max_memory: {
    type: 'size',
    min: '64m',
    max: '1024g',
    unset: 'no limit',
    doc: "private memory of a serving process, libraries' included; past it another takes its place",
  },
} as const;

/** The parsed values of a table's options: durations in milliseconds, sizes in bytes. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]:
    | OptionValue<Table[Name]>
    | (Table[Name] extends { readonly default: string } ? never : undefined);
};
type OptionValue<O extends Option> = O extends { readonly values: readonly (infer Value)[] }
  ? Value
  : O extends { readonly type: 'string' }
    ? string
    : number;

export type RouteOptions = OptionValues<typeof routeOptions>;
export type ServerOptions = OptionValues<typeof serverOptions>;
