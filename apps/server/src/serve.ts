// `flexilib serve`: reads the configuration, opens the sockets, and becomes the supervisor of the processes that serve
// (work.ts), each of which begins here too; or serves by itself.
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRunDirectory } from '@flexilib/loader';
import { findSupervisor, type Listener, notify, type Supervisor, supervise } from '@flexilib/native';
import { listen } from './listen.ts';
import type { Log } from './log.ts';
import { configCopy, keepConfig, readSettings, type Settings } from './settings.ts';
import { pidFile } from './upgrade.ts';
import { work } from './work.ts';

/** Serves until a signal ends it. Throws FL_CONFIG, FL_LISTEN, FL_RUNTIME. */
export async function serve(file: string, supervised: boolean, log: Log): Promise<void> {
  const supervisor = findSupervisor();
  if (supervisor) {
    await serveFor(supervisor, file, log);
    return;
  }
  const settings = await readSettings(file);
  for (const warning of settings.warnings) log.warn(warning);
  const listeners = await listen(settings.server);
  const listening = listeners.map(urlOf).join(' ');
  if (supervised) await superviseFrom(file, settings, listeners, listening, log);
  const runDirectory = await openRunDirectory();
  if (runDirectory.path) await tellAddress(runDirectory.path, listeners, log);
  await work({ file, log, settings, runDirectory, listeners: listeners.map(({ fd }) => fd), supervisor });
  log.info(`listening on ${listening}`);
  await log.flush();
  notify('READY=1');
}

const urlOf = ({ address }: Listener) => (address.startsWith('unix:') ? address : `http://${address}`);

/** To flexilib-health (packages/native/health/find.c). */
async function tellAddress(directory: string, listeners: Listener[], log: Log): Promise<void> {
  const file = join(directory, 'address');
  try {
    await writeFile(file, listeners.map(({ address }) => `${address}\n`).join(''));
  } catch (error) {
    log.warn(`${file}: ${(error as Error).message}; flexilib-health won't find this server`);
  }
}

/** Ends as the supervisor. */
async function superviseFrom(
  file: string,
  settings: Settings,
  listeners: Listener[],
  listening: string,
  log: Log,
): Promise<never> {
  const { path: directory, lock } = await openRunDirectory();
  if (directory) {
    process.env.FLEXILIB_SHARED_DIR = directory;
    await keepConfig(directory, settings);
    await writeFile(pidFile(directory), `${process.pid}\n`);
    await tellAddress(directory, listeners, log);
  }
  const bin = join(import.meta.dirname, '../bin/flexilib.cjs');
  await log.flush();
  return supervise({
    workers: settings.server.workers,
    command: [process.execPath, ...process.execArgv, bin, 'serve', '--config', file],
    listeners: listeners.map(({ fd }) => fd),
    listening,
    directory,
    lock,
  });
}

async function serveFor(supervisor: Supervisor, file: string, log: Log): Promise<void> {
  const server = process.env.FLEXILIB_SHARED_DIR;
  const runDirectory = await openRunDirectory();
  delete process.env.FLEXILIB_SHARED_DIR; // no business of libraries
  const copy = server && configCopy(server);
  // A cleaner of temporary files may have removed the copy: the file is better than nothing.
  const inForce = supervisor.start !== 'upgrade' && copy && existsSync(copy) ? copy : file;
  const settings = await readSettings(file, inForce);
  await work({ file, log, settings, runDirectory, listeners: supervisor.listeners, supervisor });
  if (supervisor.start === 'upgrade' && server) await keepConfig(server, settings).catch(() => {});
}
