// koffi's addon for any of our platforms, as package-lock.json has it.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';

/** Puts it in the place of `to`; gives the package's name. Throws an Error that says what is wrong. root: the repository. */
export async function placeKoffi(root, { cpu, libc }, to) {
  const name = `@koromix/koffi-linux-${cpu}`;
  const addon = `${libc === 'musl' ? 'musl' : 'linux'}_${cpu}/koffi.node`;
  const installed = join(root, 'node_modules', name);
  if (existsSync(installed))
    copyFileSync(join(installed, addon), to); // by npm, which has compared it with the lock file
  else await fetch(root, name, addon, to);
  return name;
}

/** npm installs what is for this machine alone: another one's is taken from the registry, and compared here. */
async function fetch(root, name, addon, to) {
  const { version, integrity } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages[
    `node_modules/${name}`
  ];
  const folder = mkdtempSync(join(tmpdir(), 'flexilib-koffi-'));
  try {
    const npm = $({ cwd: folder, quiet: true });
    const { stdout } = await npm`npm pack --json --prefer-offline --ignore-scripts ${name}@${version}`;
    const file = join(folder, JSON.parse(stdout)[0].filename);
    const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
    if (found !== integrity)
      throw new Error(
        `${name}@${version} is not what package-lock.json has: ${found} instead of ${integrity}`,
      );
    await npm`tar -xzf ${file}`;
    copyFileSync(join(folder, 'package', addon), to);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
