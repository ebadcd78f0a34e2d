import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import { FlexilibError } from '@flexilib/native';
import {
  environmentOptions,
  formatDiagnostic,
  libraryPath,
  parseConfig,
  type Route,
  type ServerOptions,
} from '@flexilib/router';

export interface Settings {
  routes: (Route & { library: string })[];
  server: ServerOptions & { threads: number };
  /** Ready to be told. */
  warnings: string[];
}

/** Reads and checks the file and the environment. Throws FL_CONFIG, whose message names every error, a line each. */
export async function readSettings(file: string, env: NodeJS.ProcessEnv = process.env): Promise<Settings> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'no such file; name one with --config FILE' : cause.message;
    throw new FlexilibError('FL_CONFIG', `${file}: ${why}`, { path: file, cause });
  });
  const config = parseConfig(text, file);
  const environment = environmentOptions(env);
  const errors = [...config.errors.map(formatDiagnostic), ...environment.errors];
  if (errors.length > 0) throw new FlexilibError('FL_CONFIG', errors.join('\n'), { path: file });
  const folder = dirname(resolve(file));
  const server = { ...config.server, ...environment.server };
  return {
    routes: config.routes.map((route) => ({ ...route, library: libraryPath(route.targets[0], folder) })),
    server: { ...server, threads: server.threads ?? availableParallelism() },
    warnings: config.warnings.map(formatDiagnostic),
  };
}
