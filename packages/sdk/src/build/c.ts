// C: no build system between a save and a library. The flags stand where clangd finds them too.
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { FlexilibError } from '@flexilib/native';
import type { Builder, Mode, Outcome } from './builder.ts';
import { execute, outcomeOf } from './execute.ts';
import { leadsBack } from './links.ts';
import { type Project, unfinishedOf } from './project.ts';
import { cCompilerOf } from './tools.ts';

const modes: Readonly<Record<Mode, readonly string[]>> = {
  dev: ['-O0', '-g'],
  release: ['-O2', '-g'],
};
/** A fault in the author's code is to be reported as what it is. */
const common = ['-fno-sanitize=undefined', '-fdiagnostics-color=always'];

/** In a place of the folder and below, relative to the folder. */
async function sourcesIn(folder: string, place: string): Promise<string[]> {
  const names = await readdir(join(folder, place)).catch(() => []);
  const found: string[] = [];
  for (const name of names.sort()) {
    const path = join(place, name);
    if (/^[.#]/.test(name) || leadsBack(join(folder, path))) continue; // locks and backups of editors
    if (name.endsWith('.c')) found.push(path);
    else found.push(...(await sourcesIn(folder, path)));
  }
  return found;
}

/** As clangd reads it: a line is an argument, whatever blanks and quotes are in it. */
async function flagsIn(folder: string, name: string): Promise<string[]> {
  const text = await readFile(join(folder, name), 'utf8').catch(() => '');
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

async function compile(project: Project, args: readonly string[], signal?: AbortSignal): Promise<Outcome> {
  const { folder } = project;
  const sources = await sourcesIn(folder, 'src');
  if (sources.length === 0) throw new FlexilibError('FL_BUILD', `${folder}: there is no C source in src/`);
  const compiler = cCompilerOf(folder);
  const flags = await flagsIn(folder, 'compile_flags.txt');
  const link = await flagsIn(folder, 'link_flags.txt');
  const all = [...compiler.args, ...flags, ...common, ...sources, ...args, ...link];
  return outcomeOf(await execute(compiler.command, all, { cwd: folder, signal }));
}

export const c: Builder = {
  async build(project, mode, signal) {
    const { folder, library } = project;
    const unfinished = unfinishedOf(project);
    await mkdir(dirname(library), { recursive: true });
    const args = [
      '-shared',
      '-fPIC',
      '-fvisibility=hidden',
      ...modes[mode],
      '-o',
      relative(folder, unfinished),
    ];
    try {
      const outcome = await compile(project, args, signal);
      if (outcome.result === 'ok') await rename(unfinished, library);
      return outcome;
    } finally {
      await rm(unfinished, { force: true });
    }
  },

  async test(project) {
    const { folder, library } = project;
    const tests = await sourcesIn(folder, 'test');
    if (tests.length === 0) throw new FlexilibError('FL_BUILD', `${folder}: there is no C source in test/`);
    const program = join(dirname(relative(folder, library)), 'test');
    await mkdir(dirname(library), { recursive: true });
    const compiled = await compile(project, [...tests, ...modes.dev, '-o', program]);
    if (compiled.result !== 'ok') return compiled;
    return outcomeOf(await execute(join(folder, program), [], { cwd: folder }), compiled.output);
  },
};
