import { FlexilibError, type Supervisor } from '@flexilib/native';
import { count } from './check.ts';
import type { Log } from './log.ts';
import { keepConfig, readSource, type Settings, settingsOf } from './settings.ts';

export interface ReloadOptions {
  file: string;
  started: Settings;
  log: Log;
  supervisor: Supervisor | null;
  /** The server's run directory. */
  shared: string | null;
  /** The file was read; hash: SHA-256 of its bytes, which may have errors. */
  onRead(hash: string): void;
}

/** Of several serving processes one speaks for all. */
const silent: Log = { info() {}, warn() {}, error() {}, flush: async () => {} };

/**
 * What HUP does: read and check the file first, then apply it; with errors nothing changes. Reloads that are asked
 * for meanwhile become one. The function never rejects.
 */
export function createReload(
  { file, started, supervisor, shared, ...options }: ReloadOptions,
  apply: (routes: Settings['routes']) => void,
): () => Promise<void> {
  const log = supervisor && supervisor.slot > 0 ? silent : options.log;
  let running: Promise<void> | null = null;
  let again = false;

  async function once(): Promise<void> {
    try {
      const source = await readSource(file);
      options.onRead(source.hash);
      const next = settingsOf(file, source);
      // Neither half in force nor dropped unseen, when a successor starts with what is kept here.
      if (started.server.require_signature !== next.server.require_signature)
        throw new FlexilibError(
          'FL_CONFIG',
          `${file}: [server] require_signature changes by a restart alone`,
        );
      for (const warning of next.warnings) log.warn(warning);
      const changed = changedOptions(started.server, next.server);
      if (changed.length > 0) log.warn(`${file}: [server] ${changed.join(', ')}: needs a restart`);
      apply(next.routes);
      if (supervisor && shared)
        await keepConfig(shared, next).catch((error: Error) =>
          log.warn(`a process that takes over will not know of this reload: ${error.message}`),
        );
      log.info(`${file}: reloaded, ${count(next.routes.length, 'route')}`);
    } catch (error) {
      const text = error instanceof FlexilibError ? error.message : String(error);
      const lines = text.split('\n');
      for (const line of lines) log.error(line);
      log.error(
        `${file}: not reloaded, ${count(lines.length, 'error')}; the configuration before it goes on`,
      );
    }
  }

  return () => {
    again = true;
    running ??= (async () => {
      while (again) {
        again = false;
        await once();
      }
      running = null;
    })();
    return running;
  };
}

function changedOptions(before: Settings['server'], after: Settings['server']): string[] {
  const names = Object.keys(after) as (keyof Settings['server'])[];
  return names.filter((name) => name !== 'timeout' && String(before[name]) !== String(after[name])); // it is the routes' by now
}
