// A process that serves: what it is made of, top to bottom.
import { setTimeout as sleep } from 'node:timers/promises';
import { createDoor, type Door } from '@flexilib/http';
import { createLoader, type RunDirectory } from '@flexilib/loader';
import {
  type Damage,
  duplicate,
  exitNow,
  type Supervisor,
  settleReports,
  startRuntime,
} from '@flexilib/native';
import { createGroups } from '@flexilib/proxy';
import { createWatcher, type Watcher } from '@flexilib/watcher';
import { count } from './check.ts';
import { joinDev } from './dev.ts';
import { type Follower, followConfig } from './follow.ts';
import { createLines } from './lines.ts';
import type { Log } from './log.ts';
import { createPullNotes } from './pull-notes.ts';
import { waitForPulls } from './pulled.ts';
import { createPuller } from './puller.ts';
import { startPulse } from './pulse.ts';
import { createReload } from './reload.ts';
import { restWhenQuiet } from './rest.ts';
import { buildTable } from './routes.ts';
import { imagesOf, librariesOf, type Settings, startedWith } from './settings.ts';
import { onCommands } from './signals.ts';
import { bundleOf, libraryOf, verifierFor } from './signed.ts';

/** How long requests in flight may take when the process is told to end. */
const GRACE_MS = 10_000;
/** The last part of it, when connections that are silent are closed too. */
const CLOSE_MS = 1000;
/** How long reports of crashes may take then. */
const REPORTS_MS = 1500;
/** How long libraries may take to unload then. */
const UNLOAD_MS = 1000;
/** Without its supervisor a process is gone within a second. */
const ORPHAN_MS = 700;

const reasons: Readonly<Record<Damage, string>> = {
  crashed: 'it has contained a crash of',
  late: 'it has stopped a call that took too long, of',
  stuck: 'a call does not end, of',
};

export interface WorkOptions {
  /** The configuration's. */
  file: string;
  log: Log;
  settings: Settings;
  runDirectory: RunDirectory;
  /** Descriptors of the listening sockets. */
  listeners: number[];
  supervisor: Supervisor | null;
  /** SHA-256 of the configuration that was read, when its file is to be followed; null: it isn't. */
  watched: string | null;
}

/** Serves, from when it settles, until a signal or the supervisor ends the process. Throws FL_RUNTIME. */
export async function work({
  file,
  log,
  settings,
  runDirectory,
  listeners,
  supervisor,
  watched,
}: WorkOptions): Promise<void> {
  const { server } = settings;
  const parent = process.ppid;
  const dev = await joinDev({
    end() {
      if (!supervisor) process.kill(process.pid, 'SIGTERM');
      else if (process.ppid === parent) process.kill(parent, 'SIGTERM'); // else it is gone too, which is heard elsewhere
    },
    warn: (path, text) => log.warn(`${path}: ${text}`),
  });
  const access = createLines(duplicate(1), (text) => log.warn(text));
  if (runDirectory.problem)
    log.warn(`no run directory, copies of libraries live in memory: ${runDirectory.problem}`);

  const runtime = startRuntime({
    threads: server.threads,
    arenaReserve: server.response_preallocation,
    onLog({ library, level, text, dropped }) {
      if (dropped > 0) log.warn(`${count(dropped, 'line')} of libraries dropped`);
      const line = `${loader.pathOf(library) ?? 'a library'}: ${text}`;
      [log.error, log.warn, log.info, log.info][level](line);
      dev?.logged(text);
    },
    onDamage: (library, what) => pulse.suspect(`${reasons[what]} ${loader.pathOf(library) ?? 'a library'}`),
  });

  if (dev) runtime.watchHeap();

  const verify = await verifierFor(settings, dev !== null, log);
  const loader = createLoader({
    runtime,
    runDirectory,
    ...(verify && { verify }),
    onSeen(path, hash) {
      watcher.watch(path, hash);
      if (verify) watcher.watch(bundleOf(path), null); // it may come later than its library
    },
    onLoaded(path, { number, older }, milliseconds) {
      if (dev) return; // the tool tells it
      const what = older ? 'serves, the build before the one in the file' : 'serves';
      log.info(`${path}: generation ${number} ${what}, loaded in ${milliseconds.toFixed(1)} ms`);
    },
    onFailed(_path, error, serving) {
      log.error(serving ? `${error.message} (generation ${serving.number} goes on)` : error.message);
    },
    onHealth: (path, text, worse) => log[worse ? 'error' : 'info'](`${path}: ${text}`),
    onUnwanted(path) {
      watcher.unwatch(path);
      if (verify) watcher.unwatch(bundleOf(path));
    },
    onProblem: (path, text) => log.warn(`${path}: ${text}`),
  });

  const watcher: Watcher = createWatcher({
    async onChange(changed) {
      const begun = performance.now();
      const path = verify ? libraryOf(changed) : changed;
      const refreshed = await loader.executor(path).refresh();
      dev?.replaced(path, refreshed, performance.now() - begun);
    },
    onProblem: (path, text) => log.warn(`${path}: ${text}`),
  });

  const pulse = startPulse({ runtime, supervisor, maxMemory: server.max_memory, log });
  let images = imagesOf(settings.routes);
  const notes = createPullNotes(runDirectory.shared);
  const executors = waitForPulls(dev?.executorsOf(loader) ?? loader, (path) => images.has(path), notes);
  // One speaks and asks for all, and its successor after it.
  const puller =
    supervisor && supervisor.slot > 0
      ? null
      : createPuller({ cache: settings.cache, env: startedWith, notes, log });
  const groups = createGroups({
    onState: (key, text, worse) => log[worse ? 'error' : 'info'](`${key}: ${text}`),
  });
  let table = buildTable(settings.routes, executors, groups);
  const door: Door = createDoor({
    runtime,
    routes: () => table,
    trusted: settings.trusted,
    limits: { header: server.header_timeout, idle: server.idle_timeout, send: server.send_timeout },
    body: { max: settings.maxBody, timeout: server.body_timeout },
    maxQueue: server.max_queue,
    maxConnections: server.max_connections,
    onFault: (path, text) => log.error(`${path}: ${text}`),
    log: access,
    dev: dev?.hooks,
  });

  const { shared } = runDirectory;
  let follower: Follower | null = null;
  const reload = createReload(
    { file, started: settings, log, supervisor, shared, onRead: (hash) => follower?.known(hash) },
    (routes) => {
      images = imagesOf(routes);
      puller?.keepOnly(images);
      table = buildTable(routes, executors, groups, table);
      loader.keepOnly(librariesOf(routes));
      groups.keepOnly(table.groups);
    },
  );

  /** Nothing new is begun: a successor does it, or nobody. */
  async function retire(): Promise<void> {
    pulse.leave();
    puller?.close();
    dev?.leave();
    await follower?.close();
  }

  async function end(grace: number): Promise<void> {
    await retire();
    await door.close(grace);
    groups.close();
    await Promise.race([settleReports(), sleep(REPORTS_MS)]);
    await Promise.race([loader.close(), sleep(Math.min(grace, UNLOAD_MS))]);
    await watcher.close(); // after the last load, which tells it what it saw
    await runDirectory.close();
    await Promise.all([access.flush(), log.flush()]);
    exitNow(0);
  }

  door.listen(listeners);
  onCommands({
    log,
    supervisor,
    suspect: pulse.suspect,
    reload,
    end: () => end(GRACE_MS),
    async leave() {
      await retire();
      await Promise.race([door.leave(), sleep(GRACE_MS - CLOSE_MS - UNLOAD_MS)]);
      await end(CLOSE_MS);
    },
    abandon: () => end(ORPHAN_MS),
  });
  if (watched) follower = followConfig({ file, hash: watched, log, supervisor, shared, reload });
  runtime.mend(); // what is now should be so: no library has run yet
  puller?.keepOnly(images); // its process's pipes come and go
  restWhenQuiet(() => {
    door.trim();
    runtime.trim();
  });
}
