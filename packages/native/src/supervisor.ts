// Both ends of a supervised server: the start of the supervisor (../supervisor), and a serving process's talk with it.
import { Buffer } from 'node:buffer';
import { addressOf, bindSockets } from './binding.ts';
import { FlexilibError } from './errors.ts';
import { nativeFile } from './files.ts';
import { pollReadable } from './poll.ts';
import { Errno } from './sockets.ts';
import { closeOnExec, exitNow, replaceProcess } from './system.ts';

/** Neither is a reason to end: it is busy; or it is gone, and then there is time to finish ('orphaned'). */
const HARMLESS: readonly number[] = [Errno.again, Errno.brokenPipe, Errno.reset];

export interface SuperviseOptions {
  /** Serving processes. */
  workers: number;
  /** Of a serving process: program and arguments. */
  command: string[];
  /** Descriptors of the listening sockets. */
  listeners: number[];
  /** What the log says once it serves: the addresses. */
  listening: string;
  /** To be removed at the end; its lock is the descriptor. */
  directory: string | null;
  lock: number | null;
}

/** The supervisor takes this process's place, number and all. Throws FL_RUNTIME. */
export function supervise(options: SuperviseOptions): never {
  const { workers, command, listeners, listening, directory, lock } = options;
  const args = ['--workers', `${workers}`, '--listening', listening];
  for (const fd of listeners) args.push('--listener', `${fd}`);
  if (directory) args.push('--directory', directory);
  process.env.FLEXILIB_LISTENERS = listeners.join();
  const path = nativeFile('flexilib-supervisor');
  replaceProcess(path, [...args, '--', ...command], lock === null ? listeners : [...listeners, lock]);
  throw new FlexilibError(
    'FL_RUNTIME',
    `${path} can't be started; serve with --no-supervisor to do without`,
    { path },
  );
}

/** Tells the service manager (sd_notify(3)), if there is one. */
export function notify(text: string): void {
  bindSockets().notify(text);
}

/** What the supervisor wants. orphaned: it is gone. */
export type SupervisorCommand = 'reload' | 'end' | 'leave' | 'orphaned';

const commands: Readonly<Record<string, SupervisorCommand>> = { h: 'reload', t: 'end', d: 'leave' };

/** A serving process's supervisor. */
export interface Supervisor {
  /** The descriptor by which they talk. */
  readonly channel: number;
  /** first: the server starts. successor: it goes on as it was. upgrade: the installed files, and the file of routes. */
  readonly start: 'first' | 'successor' | 'upgrade';
  /** Of the serving processes, which this one is, from 0. */
  readonly slot: number;
  /** Descriptors of the listening sockets. */
  readonly listeners: number[];
  /** This process serves. From here on the supervisor wants to hear of it. */
  ready(onCommand: (command: SupervisorCommand) => void): void;
  /** The loop turns. Ends the process when the supervisor can't be reached, since something has closed its descriptors. */
  beat(): void;
  /** This process can't be trusted any more, or is too large: another is to take its place. */
  replace(why: string): void;
  /** All processes of the server are to read the configuration again, this one too. */
  reload(): void;
}

/** The supervisor of this process, or null. Its variables are taken out of the environment, which libraries see. */
export function findSupervisor(): Supervisor | null {
  const { FLEXILIB_CHANNEL, FLEXILIB_START, FLEXILIB_SLOT, FLEXILIB_LISTENERS } = process.env;
  for (const name of ['CHANNEL', 'START', 'SLOT', 'LISTENERS']) delete process.env[`FLEXILIB_${name}`];
  if (!FLEXILIB_CHANNEL) return null;
  const channel = Number(FLEXILIB_CHANNEL);
  const listeners = (FLEXILIB_LISTENERS ?? '').split(',').map(Number);
  closeOnExec([channel, ...listeners]);
  const { send, recv } = bindSockets();
  const message = Buffer.from(new ArrayBuffer(256));
  const address = addressOf(message);

  function tell(text: string): void {
    const status = send(channel, address, message.write(text));
    // Else something has closed it, and most likely all other descriptors.
    if (status < 0 && !HARMLESS.includes(status)) exitNow(1);
  }

  return {
    channel,
    start: FLEXILIB_START as Supervisor['start'],
    slot: Number(FLEXILIB_SLOT),
    listeners,
    ready(onCommand) {
      const poll = pollReadable(channel, () => {
        const length = recv(channel, address, 1);
        if (length === Errno.again) return;
        if (length <= 0) poll.close();
        onCommand(length <= 0 ? 'orphaned' : commands[message.toString('latin1', 0, 1)]);
      });
      tell('r');
    },
    beat: () => tell('b'),
    replace: (why) => tell(`s${why}`),
    reload: () => tell('h'),
  };
}
