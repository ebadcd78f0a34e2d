// Rust: cargo decides, and says where the library is that it made.
import { copyFile, mkdir, rename } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { FlexilibError } from '@flexilib/native';
import type { Builder } from './builder.ts';
import { execute, outcomeOf } from './execute.ts';
import { type Project, unfinishedOf } from './project.ts';
import { cargoOf } from './tools.ts';

const quiet = ['--quiet', '--color', 'always'];

export const rust: Builder = {
  async build(project, mode, signal) {
    const { folder } = project;
    const release = mode === 'release' ? ['--release'] : [];
    const args = ['build', ...quiet, ...release, '--message-format', 'json-render-diagnostics'];
    const execution = await execute(cargoOf(folder), args, { cwd: folder, signal, data: true });
    const outcome = outcomeOf(execution);
    if (outcome.result === 'ok') await install(artifact(execution.stdout, project), project);
    return outcome;
  },

  async test({ folder }) {
    return outcomeOf(await execute(cargoOf(folder), ['test', ...quiet], { cwd: folder }));
  },
};

interface Message {
  reason: string;
  target?: { kind: string[] };
  filenames?: string[];
}

/** The file of the library among cargo's messages (The Cargo Book, external tools). Throws FL_BUILD. */
function artifact(messages: string, { folder, library }: Project): string {
  const made = messages
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Message)
    .filter(({ reason, target }) => reason === 'compiler-artifact' && target?.kind.includes('cdylib'))
    .flatMap(({ filenames }) => filenames ?? []);
  const found =
    made.find((path) => basename(path) === basename(library)) ?? (made.length === 1 ? made[0] : null);
  if (found) return found;
  const text =
    made.length === 0
      ? 'cargo made no shared library; Cargo.toml needs [lib] crate-type = ["cdylib"]'
      : `cargo made no ${basename(library)}, only ${made.map((path) => basename(path)).join(', ')}`;
  throw new FlexilibError('FL_BUILD', `${folder}: ${text}`);
}

async function install(path: string, project: Project): Promise<void> {
  const unfinished = unfinishedOf(project);
  await mkdir(dirname(unfinished), { recursive: true });
  await copyFile(path, unfinished);
  await rename(unfinished, project.library);
}
