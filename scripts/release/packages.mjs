// What is published, in this order: what others need comes first.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { files as nativeFiles, targets } from '../../packages/native/targets.mjs';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const readJson = (path) => JSON.parse(readFileSync(`${root}${path}`, 'utf8'));

const native = readJson('packages/native/package.json');
const nativeName = (target) => `@flexilib/native-${target}`;

/** What a bundle of packages/native needs beside it: the rest of it, in binary form. */
const nativeDependencies = {
  dependencies: { koffi: native.dependencies.koffi },
  optionalDependencies: Object.fromEntries(
    Object.keys(targets).map((name) => [nativeName(name), native.version]),
  ),
};

/**
 * from: where its sources are, with a package.json that gives name, version and such (stage.mjs), and a README.md.
 * files: what is published of it, as globs; of a folder what git knows and not what compilers leave there, or all if it
 * was built. in: their place, else from. manifest: more fields, or others. readme: instead of the file.
 */
export const packages = [
  ...Object.entries(targets).map(([target, { cpu, libc }]) => ({
    from: 'packages/native',
    in: `packages/native/dist/${target}`,
    files: nativeFiles,
    manifest: {
      name: nativeName(target),
      description: `The native runtime of FlexiLib for ${target}`,
      os: ['linux'],
      cpu: [cpu],
      libc: [{ gnu: 'glibc', musl: 'musl' }[libc]],
      preferUnplugged: true, // the system opens its files, and sees into no archive
    },
    readme: `# ${nativeName(target)}\n\nThe native runtime of [FlexiLib](https://www.npmjs.com/package/flexilib) for ${target}, which installs it.\n`,
  })),
  { from: 'packages/abi-headers', files: ['include', 'zig', 'rust'] },
  {
    from: 'apps/server',
    files: ['bin', 'dist/*.cjs', 'dist/*.js', 'dist/*.css', 'dist/*.txt'],
    manifest: nativeDependencies,
  },
  {
    from: 'packages/testing',
    files: ['dist'],
    manifest: {
      ...nativeDependencies,
      exports: { types: './dist/index.d.ts', default: './dist/index.js' },
    },
  },
  { from: 'packages/create-flexilib-executor', files: ['dist'] },
];
