// What a folder serves: its proxy.ini, the libraries named there, and the projects that they are built from.
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { FlexilibError } from '@flexilib/native';
import { formatDiagnostic, libraryPath, parseConfig } from '@flexilib/router';
import { findProject, type Project } from './build/index.ts';

export interface Site {
  /** The configuration's path: absolute. */
  config: string;
  /** One a library. */
  projects: Project[];
}

/** place: a folder with a proxy.ini, or such a file. Throws FL_CONFIG, whose message names every error, a line each. */
export function readSite(place: string): Site {
  const config = resolve(isFolder(place) ? join(place, 'proxy.ini') : place);
  let text: string;
  try {
    text = readFileSync(config, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT' ? 'no such file; a project has a proxy.ini that names its library' : message;
    throw new FlexilibError('FL_CONFIG', `${config}: ${why}`, { path: config, cause });
  }
  const { routes, errors } = parseConfig(text, config);
  if (errors.length > 0)
    throw new FlexilibError('FL_CONFIG', errors.map(formatDiagnostic).join('\n'), { path: config });
  const targets = routes.flatMap(({ targets, options }) => [...targets, ...(options.canary ?? [])]);
  const libraries = new Set(
    targets.flatMap((target) => (target.kind === 'library' ? [libraryPath(target, dirname(config))] : [])),
  );
  const projects = [...libraries].map(findProject).filter((project) => project !== null);
  return { config, projects };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? true;
}
