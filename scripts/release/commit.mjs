// The commit that is released.
import { $ } from 'zx';
import { readJson, root } from './packages.mjs';

/**
 * Gives repository (its address; of a forge the one it runs in, else that of package.json), ref (a forge tells it; else
 * null), commit, short (seven digits of it: git's own word depends on how much of the history is there) and changes: what `git status` says, empty for a clean tree.
 */
export async function commitOf(forge) {
  const git = async (...args) => (await $({ cwd: root, quiet: true })`git ${args}`).stdout.trim();
  const commit = await git('rev-parse', 'HEAD');
  return {
    repository: forge?.repository ?? readJson('package.json').repository.url.replace(/^git\+|\.git$/g, ''),
    ref: forge?.ref ?? null,
    commit,
    short: commit.slice(0, 7),
    changes: await git('status', '--porcelain'),
  };
}
