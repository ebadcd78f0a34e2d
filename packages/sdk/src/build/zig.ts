// Zig: build.zig decides. A Debug build takes Zig's own backend, which needs about a second where LLVM needs ten.
import { basename, dirname, relative } from 'node:path';
import { wantsColour } from '../terminal.ts';
import type { Builder } from './builder.ts';
import { execute, outcomeOf } from './execute.ts';
import { zigOf } from './tools.ts';

const quiet = ['--color', 'on', '--error-style', 'minimal', '--summary', 'none'];

/** Where `zig build` installs: libraries go there, or into its lib/. */
function prefixOf(library: string): string {
  const folder = dirname(library);
  return basename(folder) === 'lib' ? dirname(folder) : folder;
}

export const zig: Builder = {
  async build({ folder, library }, mode, signal) {
    const release = mode === 'release' ? ['--release=safe'] : [];
    const prefix = relative(folder, prefixOf(library)) || '.';
    const args = ['build', ...release, '--prefix', prefix, ...quiet];
    return outcomeOf(await execute(zigOf(folder), args, { cwd: folder, signal }));
  },

  async test({ folder }) {
    // In colour its summary has a terminal's lines too, which are letters anywhere else.
    const colour = wantsColour(2) ? 'on' : 'off';
    const args = ['build', 'test', '--color', colour, '--error-style', 'minimal', '--summary', 'all'];
    return outcomeOf(await execute(zigOf(folder), args, { cwd: folder }));
  },
};
