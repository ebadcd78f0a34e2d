import { resolve } from 'node:path';
import type { LibraryTarget, Target } from './config.ts';
import type { Fault, Outcome } from './diagnostic.ts';

/** Kinds that are known and not there yet. */
const missing: readonly (readonly [form: RegExp, kind: string])[] = [
  [/^(https?|unix):/i, 'upstreams'],
  [/^oci:/i, 'OCI images'],
  [/^wasm:|\.wasm$/i, 'WebAssembly modules'],
];

/** Reads what stands behind a route's `=`. */
export function parseTargets(text: string): Outcome<readonly Target[]> {
  if (text === '')
    return { fault: { message: 'the route has no target', hint: 'write `/prefix = ./library.so`' } };
  const paths = text.split(/[ \t]+/);
  for (const path of paths) {
    const fault = libraryFault(path);
    if (fault) return { fault };
  }
  if (paths.length > 1) {
    const hint = `keep one of the ${paths.length}; a path cannot have a blank`;
    return { fault: { message: 'a library route has one target', hint } };
  }
  return { value: paths.map((path) => ({ kind: 'library', path })) };
}

function libraryFault(target: string): Fault | undefined {
  const kind = missing.find(([form]) => form.test(target))?.[1];
  if (kind)
    return { message: `\`${target}\`: ${kind} are not supported yet`, hint: 'name a library: ./library.so' };
  const scheme = /^[a-z][a-z0-9+.-]+:/i.exec(target)?.[0];
  if (scheme) return { message: `\`${scheme}\` is no kind of target`, hint: 'name a library: ./library.so' };
  if (target.includes('/') || /\.(so|dylib)(\.[\d.]+)?$/.test(target)) return undefined;
  return {
    message: `\`${target}\` is not the path of a library`,
    hint: `write \`./${target}\` if it is one`,
  };
}

/** The absolute path of a library; relative ones are relative to the folder of the proxy.ini. */
export function libraryPath(target: LibraryTarget, folder: string): string {
  return resolve(folder, target.path);
}
