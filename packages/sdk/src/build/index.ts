// From sources to a library: the same few verbs for every language.
import { existsSync } from 'node:fs';
import { FlexilibError } from '@flexilib/native';
import type { Builder, Mode, Outcome } from './builder.ts';
import { c } from './c.ts';
import { type Language, nameOf, type Project } from './project.ts';
import { rust } from './rust.ts';
import { zig } from './zig.ts';

export type { Mode, Outcome } from './builder.ts';
export { findProject, type Language, nameOf, type Project } from './project.ts';

const builders: Readonly<Record<Language, Builder>> = { c, zig, rust };

/** Builds the project's library, so that its file is new in one step. Throws FL_TOOLCHAIN, FL_BUILD. */
export async function build(project: Project, mode: Mode, signal?: AbortSignal): Promise<Outcome> {
  const { folder, language } = project;
  if (!existsSync(folder)) throw new FlexilibError('FL_BUILD', `${folder}: is gone`);
  const outcome = await builders[language].build(project, mode, signal).catch((error) => {
    throw systemError(folder, error);
  });
  if (outcome.result !== 'ok' || existsSync(project.library)) return outcome;
  throw new FlexilibError(
    'FL_BUILD',
    `${folder}: its build went well, but made no ${nameOf(project)}, which the configuration names`,
  );
}

/** Builds and runs its tests. Throws FL_TOOLCHAIN, FL_BUILD. */
export function test(project: Project): Promise<Outcome> {
  return builders[project.language].test(project).catch((error) => {
    throw systemError(project.folder, error);
  });
}

/** A folder that can't be written to, a full disk: nothing that a stack would explain. */
function systemError(folder: string, error: NodeJS.ErrnoException): Error {
  if (error.syscall === undefined) return error;
  return new FlexilibError('FL_BUILD', `${folder}: ${error.message}`, { path: folder, cause: error });
}
