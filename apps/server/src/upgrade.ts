// `flexilib upgrade`: tells a running server to go on with the installed files, and waits for what comes of it.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runningDirectories } from '@flexilib/loader';
import { FlexilibError } from '@flexilib/native';
import type { Log } from './log.ts';

const LOOK_MS = 50;
/** A process has a minute to start (slots.c). */
const WAIT_MS = 70_000;

/** In the run directory: the supervisor's process number. */
export const pidFile = (directory: string): string => join(directory, 'pid');

/** pid: the supervisor's, when several servers run. Settles when the new processes serve. Throws FL_USAGE, FL_UPGRADE. */
export async function upgrade(pid: string | undefined, log: Log): Promise<void> {
  const servers = await findServers();
  const wanted = pid === undefined ? servers : servers.filter((server) => server.pid === Number(pid));
  if (wanted.length !== 1) throw new FlexilibError('FL_USAGE', explain(pid, servers));
  const [server] = wanted;
  const outcome = join(server.directory, 'upgrade'); // the supervisor writes it
  await rm(outcome, { force: true });
  process.kill(server.pid, 'SIGUSR2');
  for (let waited = 0; waited < WAIT_MS; waited += LOOK_MS) {
    await sleep(LOOK_MS);
    const text = await readFile(outcome, 'utf8').catch(() => '');
    if (text === '') continue;
    if (text !== 'ok\n') break;
    log.info(`server ${server.pid}: the installed files serve`);
    return;
  }
  throw new FlexilibError(
    'FL_UPGRADE',
    `server ${server.pid}: the upgrade failed, the processes before it go on; its log says why`,
  );
}

interface Running {
  pid: number;
  directory: string;
}

async function findServers(): Promise<Running[]> {
  const found: Running[] = [];
  for (const directory of await runningDirectories()) {
    const pid = Number(await readFile(pidFile(directory), 'utf8').catch(() => ''));
    if (pid > 0) found.push({ pid, directory });
  }
  return found;
}

function explain(pid: string | undefined, servers: Running[]): string {
  const hint = 'it is found by its run directory: FLEXILIB_RUN_DIR must be what it was started with';
  if (servers.length === 0) return `no server with a supervisor runs here; ${hint}`;
  const pids = servers.map((server) => server.pid).join(', ');
  return pid === undefined
    ? `several servers run here: name one with \`flexilib upgrade PID\`, of ${pids}`
    : `no server ${pid} runs here, only ${pids}; ${hint}`;
}
