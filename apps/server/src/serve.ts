// `flexilib serve`: what the server is made of, top to bottom.
import { createDoor, type Door } from '@flexilib/http';
import { createLoader, openRunDirectory } from '@flexilib/loader';
import { exitNow, startRuntime } from '@flexilib/native';
import { createWatcher, type Watcher } from '@flexilib/watcher';
import { count } from './check.ts';
import { createLines } from './lines.ts';
import { listen } from './listen.ts';
import type { Log } from './log.ts';
import { createReload } from './reload.ts';
import { restWhenQuiet } from './rest.ts';
import { buildTable } from './routes.ts';
import { readSettings } from './settings.ts';
import { onSignals } from './signals.ts';

/** How long requests in flight may take when the server is told to end. */
const GRACE_MS = 10_000;
/** How long libraries may take to unload then. */
const UNLOAD_MS = 1000;

/** Serves until a signal ends it. Throws FL_CONFIG, FL_LISTEN, FL_RUNTIME. */
export async function serve(file: string, log: Log): Promise<void> {
  const settings = await readSettings(file);
  for (const warning of settings.warnings) log.warn(warning);
  const { server } = settings;

  const access = createLines(1, (text) => log.warn(text));
  const runDirectory = await openRunDirectory();
  if (runDirectory.problem)
    log.warn(`no run directory, copies of libraries live in memory: ${runDirectory.problem}`);

  const runtime = startRuntime({
    threads: server.threads,
    arenaReserve: server.response_preallocation,
    onLog({ library, level, text, dropped }) {
      if (dropped > 0) log.warn(`${count(dropped, 'line')} of libraries dropped`);
      const line = `${loader.pathOf(library) ?? 'a library'}: ${text}`;
      [log.error, log.warn, log.info, log.info][level](line);
    },
  });

  const loader = createLoader({
    runtime,
    runDirectory,
    onSeen: (path, hash) => watcher.watch(path, hash),
    onLoaded(path, { number, older }, milliseconds) {
      const what = older ? 'serves, the build before the one in the file' : 'serves';
      log.info(`${path}: generation ${number} ${what}, loaded in ${milliseconds.toFixed(1)} ms`);
    },
    onFailed(path, error, serving) {
      watcher.watch(path, null);
      log.error(serving ? `${error.message} (generation ${serving.number} goes on)` : error.message);
    },
    onHealth: (path, text, worse) => log[worse ? 'error' : 'info'](`${path}: ${text}`),
    onUnwanted: (path) => watcher.unwatch(path),
    onProblem: (path, text) => log.warn(`${path}: ${text}`),
  });

  const watcher: Watcher = createWatcher({
    onChange: (path) => loader.executor(path).refresh(),
    onProblem: (path, text) => log.warn(`${path}: ${text}`),
  });

  let table = buildTable(settings.routes, loader);
  const door: Door = createDoor({
    runtime,
    routes: () => table,
    limits: { header: server.header_timeout, idle: server.idle_timeout, send: server.send_timeout },
    body: { max: server.max_body, timeout: server.body_timeout },
    maxQueue: server.max_queue,
    maxConnections: server.max_connections,
    onFault: (path, text) => log.error(`${path}: ${text}`),
    log: access,
  });

  const reload = createReload(file, settings, log, (routes) => {
    table = buildTable(routes, loader);
    loader.keepOnly(new Set(routes.map((route) => route.library)));
  });

  async function end(): Promise<void> {
    await door.close(GRACE_MS);
    await Promise.race([loader.close(), new Promise((resolve) => setTimeout(resolve, UNLOAD_MS))]);
    await watcher.close(); // after the last load, which tells it what it saw
    await runDirectory.close();
    await Promise.all([access.flush(), log.flush()]);
    exitNow(0);
  }

  onSignals({ reload, end, log });
  const address = await listen(door, server, runDirectory);
  log.info(`listening on ${address}`);
  restWhenQuiet(() => {
    door.trim();
    runtime.trim();
  });
}
