// The table of all faults: a row a number, over all tests whose names begin with it.

/** In words. A test's name begins with its number. */
export const faults: readonly string[] = [
  'SEGV, ABRT, ILL, BUS, FPE in handle_request',
  'stack overflow',
  'infinite loop; sleep past the deadline',
  'exit(), _exit(), pthread_exit()',
  'leaks until memory is short',
  'returns NULL',
  'garbage pointers, lengths, header counts, status',
  'writes out of bounds',
  'C++ exception or Rust panic crosses the boundary',
  'changes signal handlers, masks, cwd, locale, environ, closes fds, umask',
  'closes all fds of the process',
  'forks; leaves threads running',
  'thread-local destructors at unload; 1,000 swaps under load',
  'half-written ELF; overwritten in place while serving',
  'wrong architecture, missing symbol, dependency or file, unknown ABI version',
  'rename over, symlink swap, directory swap',
  'same inode or unchanged mtime with new bytes; touched',
  '100 rebuilds in 10 s under load',
  'a 1 GiB library; a constructor that blocks or crashes',
  'bad config on HUP',
  'port in use',
  '100 HUPs under load',
  'out of file descriptors',
  'disk full while staging a copy; read-only file system',
  'slow headers, slow body, slow reader: 1,000 of them',
  'half-closed connections',
  'pipelining, 1 to 100 deep, mixed with bodies',
  'over-long target, too many or too large headers',
  'body over the limit, with and without Content-Length',
  'what is no request: never reaches an executor',
  'aborts at every stage, 10,000 times',
  'upstreams that refuse, reset, stall or lie',
  'supervisor SIGKILLed',
  'TERM under load',
  'log pipe closed or blocked',
  'the clock jumps an hour',
  'crash loop of one library',
];

export interface Outcome {
  name: string;
  state: 'passed' | 'failed' | 'skipped' | 'pending' | 'todo';
  /** Milliseconds. */
  duration: number;
}

const WIDTH = Math.max(...faults.map(({ length }) => length));

/** Of failed tests the row says so, whatever the others did; what was skipped is no success of the row's own. */
function verdict(outcomes: readonly Outcome[]): string {
  const states = new Set(outcomes.map(({ state }) => state));
  if (states.has('failed') || states.has('pending')) return 'FAILED';
  if (states.has('todo')) return 'todo';
  if (states.has('passed')) return states.has('skipped') ? 'ok, in part skipped' : 'ok';
  return states.has('skipped') ? 'skipped' : 'MISSING';
}

/** missing: numbers that no test has. */
export function tabulate(outcomes: readonly Outcome[]): { lines: string[]; missing: number[] } {
  const missing: number[] = [];
  const lines = faults.map((words, i) => {
    const number = i + 1;
    const own = outcomes.filter(({ name }) => Number(/^F(\d+)\b/.exec(name)?.[1]) === number);
    const said = verdict(own);
    if (said === 'MISSING') missing.push(number);
    const seconds = own.reduce((sum, { duration }) => sum + duration, 0) / 1000;
    const time = own.length > 0 ? `  ${seconds.toFixed(1)} s` : '';
    return `${`F${number}`.padEnd(3)}  ${words.padEnd(WIDTH)}  ${said}${time}`;
  });
  return { lines, missing };
}
