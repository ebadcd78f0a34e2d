// Where the native parts are: beside the bundle or the sources, or in the package for this platform.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FlexilibError } from './errors.ts';
import { libcName } from './system.ts';

export type NativeFile =
  | 'libflexilib_runtime.so'
  | 'flexilib-supervisor'
  | 'flexilib-probe'
  | 'flexilib-symbolize';

/** Where build.mjs puts them; bundles keep the same distance (apps/server/build.mjs). */
const built = join(import.meta.dirname, '../dist');

/** Platforms that there are packages for, as build.mjs names them. */
const published: readonly string[] = [
  'linux-x64-gnu',
  'linux-x64-musl',
  'linux-arm64-gnu',
  'linux-arm64-musl',
];

let folder: string | null = null;

/** The file's path. Throws FL_RUNTIME when the package for this platform isn't installed, or there is none. */
export function nativeFile(name: NativeFile): string {
  folder ??= existsSync(join(built, name)) ? built : installed(name);
  return join(folder, name);
}

function installed(name: NativeFile): string {
  const platform = `${process.platform}-${process.arch}-${libcName === 'musl' ? 'musl' : 'gnu'}`;
  const wanted = `@flexilib/native-${platform}`;
  if (!published.includes(platform)) {
    throw new FlexilibError(
      'FL_RUNTIME',
      `there is no native runtime for ${platform}; FlexiLib runs on ${published.join(', ')}`,
    );
  }
  const { createRequire } = process.getBuiltinModule('node:module');
  try {
    return join(createRequire(`${import.meta.dirname}/`).resolve(`${wanted}/${name}`), '..');
  } catch (cause) {
    throw new FlexilibError(
      'FL_RUNTIME',
      `the package ${wanted} is missing, which holds the native runtime for this platform. Usual causes: an install ` +
        'with --omit=optional or --no-optional; a node_modules that was made on another platform. ' +
        'Install again here, with optional dependencies',
      { cause },
    );
  }
}
