// A process with an edge door of its own, for what can only be seen of a whole process: told by messages.
// argv: ServeOptions as JSON.
import { openSync, readSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GCProfiler, getHeapStatistics } from 'node:v8';
import { startEdgeDoor } from './start.ts';

const TICK_MS = 10;

/** What the child tells. */
export interface ChildStats {
  /** Of setInterval, in milliseconds; sorted, the longest first, since the last question. */
  gaps: number[];
  faults: string[];
  requests: number;
  lines: number;
  held: { calls: number; inFlight: number; bytes: number };
  /** Bytes, after garbage collection. */
  heap: number;
  /** Bytes that the garbage collector has taken since the start. */
  garbage: number;
  /** Kilobytes of private memory that was written to. */
  dirty: number;
  /** Microseconds of CPU since the start. */
  cpu: number;
}

const lines = { buffer: Buffer.alloc(8192), reserve: () => 0, commit: () => void count++ };
let count = 0;
const server = await startEdgeDoor({ ...JSON.parse(process.argv[2] ?? '{}'), log: lines });
const neighbour = createServer((_req, res) => res.end('neighbour\n'));
await new Promise<void>((resolve) => neighbour.listen(0, '127.0.0.1', resolve));

let gaps: number[] = [];
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  gaps.push(now - last);
  last = now;
}, TICK_MS);

let garbage = 0;
let profiler = new GCProfiler();
profiler.start();

/** Adds what the collections since the last call took. */
function countGarbage(): void {
  for (const { beforeGC, afterGC } of profiler.stop()?.statistics ?? [])
    garbage += beforeGC.heapStatistics.usedHeapSize - afterGC.heapStatistics.usedHeapSize;
  profiler = new GCProfiler();
  profiler.start();
}

const smaps = openSync('/proc/self/smaps_rollup', 'r'); // now, while there are descriptors

function dirty(): number {
  const bytes = Buffer.alloc(4096);
  const text = bytes.toString('latin1', 0, readSync(smaps, bytes, 0, bytes.length, 0));
  return Number(/Private_Dirty: +(\d+)/.exec(text)?.[1]);
}

function stats(): ChildStats {
  const told = gaps.sort((a, b) => b - a);
  gaps = [];
  for (let i = 0; i < 4; i++) globalThis.gc?.();
  countGarbage();
  last = performance.now();
  const { user, system } = process.cpuUsage();
  return {
    gaps: told,
    faults: server.faults,
    requests: server.edge().requests,
    lines: count,
    held: server.held(),
    garbage,
    heap: getHeapStatistics().used_heap_size,
    dirty: dirty(),
    cpu: user + system,
  };
}

process.on('disconnect', () => process.exit());
process.on('SIGUSR2', () => process.send!('signal'));
process.on('message', async (message) => {
  if (message === 'stats') process.send!(stats());
  else if (message === 'trim') {
    server.trim();
    process.send!('trimmed');
  } else {
    await server.close(1000);
    process.exit();
  }
});
process.send!({ port: server.port, neighbour: (neighbour.address() as AddressInfo).port });
