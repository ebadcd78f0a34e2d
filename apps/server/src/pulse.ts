// What a serving process does a few times a second, whatever else happens: it tells the supervisor that its loop turns,
// mends what libraries have changed of the process, and looks at its memory.
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { exitNow, type Runtime, type Supervisor } from '@flexilib/native';
import type { Log } from './log.ts';

const PULSE_MS = 400;
const SILENCE_MS = 60_000;
const PAGE = 4096;

export interface Pulse {
  /** The process may be damaged, and why: another is to take its place. */
  suspect(why: string): void;
  /** From here on the process closes descriptors by itself. */
  leave(): void;
}

export interface PulseOptions {
  runtime: Runtime;
  supervisor: Supervisor | null;
  /** Bytes. */
  maxMemory: number | undefined;
  log: Log;
}

export function startPulse({ runtime, supervisor, maxMemory, log }: PulseOptions): Pulse {
  let reason = '';
  let leaving = false;
  const told = new Map<string, number>();

  function suspect(why: string): void {
    if (reason !== '') return;
    reason = why;
    supervisor?.replace(why);
  }

  /** Of a library that does it in every call one line a minute is enough. */
  function tell(what: string): void {
    const now = performance.now();
    if (now - (told.get(what) ?? Number.NEGATIVE_INFINITY) < SILENCE_MS) return;
    told.set(what, now);
    log.warn(`a library changed ${what} of the process; it is mended`);
  }

  if (supervisor) runtime.watchSupervisor(supervisor.channel);
  setInterval(() => {
    const { mended, crippled } = runtime.mend();
    if (crippled && supervisor && !leaving) giveUp(); // before anything is written where a client may be by now
    supervisor?.beat();
    if (reason !== '' && !leaving) supervisor?.replace(reason); // a successor may have failed
    for (const what of mended) tell(what);
    if (maxMemory === undefined) return;
    const held = privateMemory();
    if (held > maxMemory) suspect(`it holds ${Math.round(held / (1 << 20))} MiB of memory, past max_memory`);
  }, PULSE_MS);

  return {
    suspect,
    leave() {
      leaving = true;
    },
  };
}

function giveUp(): never {
  try {
    writeSync(2, 'error: a library has closed descriptors that the process needs\n');
  } catch {
    // Nobody reads it.
  }
  exitNow(1);
}

const statm = Buffer.alloc(128);

/** Bytes in memory that are nobody else's: proc_pid_statm(5), resident without shared. 0: no descriptor is left to look. */
function privateMemory(): number {
  let fd: number;
  try {
    fd = openSync('/proc/self/statm', 'r');
  } catch {
    return 0;
  }
  const length = readSync(fd, statm);
  closeSync(fd);
  const [, resident, shared] = statm.toString('latin1', 0, length).split(' ').map(Number);
  return (resident - shared) * PAGE;
}
