// `flexilib serve`: reads the configuration, opens the sockets, and becomes the supervisor of the processes that serve
// (work.ts), each of which begins here too; or serves by itself.
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRunDirectory } from '@flexilib/loader';
import { findSupervisor, type Listener, notify, type Supervisor, supervise } from '@flexilib/native';
import { DEV_VARIABLE } from '@flexilib/sdk/protocol';
import { listen } from './listen.ts';
import type { Log } from './log.ts';
import { configCopy, keepConfig, readSource, type Settings, settingsOf } from './settings.ts';
import { keyDoubt } from './signed.ts';
import { pidFile } from './upgrade.ts';
import { work } from './work.ts';

export interface ServeOptions {
  /** The configuration's. */
  file: string;
  supervised: boolean;
  /** Whether the file is read again when it changes. */
  watch: boolean;
}

/** Serves until a signal ends it. Throws FL_CONFIG, FL_LISTEN, FL_RUNTIME. */
export async function serve(options: ServeOptions, log: Log): Promise<void> {
  const { file, supervised, watch } = options;
  const supervisor = findSupervisor();
  if (supervisor) {
    await serveFor(supervisor, options, log);
    return;
  }
  const source = await readSource(file);
  const settings = settingsOf(file, source);
  for (const warning of settings.warnings) log.warn(warning);
  const doubt = DEV_VARIABLE in process.env ? null : await keyDoubt(settings.server.require_signature);
  if (doubt) log.warn(doubt);
  const listeners = await listen(settings.server);
  const listening = listeners.map(urlOf).join(' ');
  if (supervised) await superviseFrom(options, settings, listeners, listening, log);
  const runDirectory = await openRunDirectory();
  if (runDirectory.path) await tellAddress(runDirectory.path, listeners, log);
  await work({
    ...{ file, log, settings, runDirectory, supervisor },
    listeners: listeners.map(({ fd }) => fd),
    watched: watch ? source.hash : null,
  });
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
  { file, watch }: ServeOptions,
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
  const flags = watch ? ['--watch'] : [];
  await log.flush();
  return supervise({
    workers: settings.server.workers,
    command: [process.execPath, ...process.execArgv, bin, 'serve', '--config', file, ...flags],
    listeners: listeners.map(({ fd }) => fd),
    listening,
    directory,
    lock,
  });
}

async function serveFor(supervisor: Supervisor, { file, watch }: ServeOptions, log: Log): Promise<void> {
  const runDirectory = await openRunDirectory();
  delete process.env.FLEXILIB_SHARED_DIR; // no business of libraries
  const { shared } = runDirectory; // null if by now it is another user's, whose copy would be another configuration
  const copy = shared && configCopy(shared);
  // A cleaner of temporary files may have removed the copy: the file is better than nothing.
  const inForce = supervisor.start !== 'upgrade' && copy && existsSync(copy) ? copy : file;
  const source = await readSource(file, inForce);
  const settings = settingsOf(file, source);
  await work({
    ...{ file, log, settings, runDirectory, supervisor },
    listeners: supervisor.listeners,
    watched: watch ? source.hash : null,
  });
  if (supervisor.start === 'upgrade' && shared) await keepConfig(shared, settings).catch(() => {});
}
