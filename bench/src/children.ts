// Processes that must not outlive the run: each is started here, and Ctrl-C ends them all.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { tree } from './processes.ts';

const running = new Set<ChildProcess>();

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {} // it has gone
}

/** Parents first, or a supervisor would start its workers anew. */
function killAll(child: ChildProcess): void {
  for (const pid of tree(child.pid!)) signal(pid, 'SIGKILL');
}

/** Starts a program on cores, as taskset takes them, in a session of its own. */
export function startOn(cores: string, argv: string[], options: SpawnOptions): ChildProcess {
  const child = spawn('taskset', ['-c', cores, ...argv], { ...options, detached: true });
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
  return child;
}

/** TERM, then KILL for what is left after a second. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const late = setTimeout(() => killAll(child), 1000);
    signal(child.pid!, 'SIGTERM');
    await gone;
    clearTimeout(late);
  }
  killAll(child);
}

function leave(name: NodeJS.Signals, code: number): void {
  process.once(name, () => {
    for (const child of running) killAll(child);
    console.error(`\n${name}: every server is stopped`);
    process.exit(code);
  });
}

leave('SIGINT', 130);
leave('SIGTERM', 143);
leave('SIGHUP', 129);
process.on('exit', () => {
  for (const child of running) killAll(child);
});
