import { resolve } from 'node:path';
import { readReference } from '@flexilib/oci/reference';
import { isReturn, parseReturn } from './answer.ts';
import type { LibraryTarget, Targets } from './config.ts';
import type { Fault, Outcome } from './diagnostic.ts';
import { isAttribute, isUpstream, parseUpstreams } from './upstream.ts';

/** Kinds that are known and not there yet. */
const missing: readonly (readonly [form: RegExp, kind: string])[] = [
  [/^wasm:|\.wasm$/i, 'WebAssembly modules'],
];

const examples =
  'name a library, ./library.so or oci://ghcr.io/acme/api:1.2, or an upstream, http://127.0.0.1:3000';

/** Reads what stands behind a route's `=`. */
export function parseTargets(text: string): Outcome<Targets> {
  if (text === '')
    return { fault: { message: 'the route has no target', hint: 'write `/prefix = ./library.so`' } };
  if (isReturn(text)) {
    const outcome = parseReturn(text);
    return 'fault' in outcome ? outcome : { value: [outcome.value] };
  }
  const words = text.split(/[ \t]+/);
  if (isUpstream(words[0])) return parseUpstreams(words);
  for (const word of words) {
    const fault = libraryFault(word);
    if (fault) return { fault };
  }
  if (words.length > 1) {
    const hint = `keep one of the ${words.length}; a path cannot have a blank`;
    return { fault: { message: 'a library route has one target', hint } };
  }
  return isImage(text) ? parseImage(text) : { value: [{ kind: 'library', path: text }] };
}

/** Whether this word is an image, right or wrong. */
function isImage(word: string): boolean {
  return /^oci(\+\w+)?:/i.test(word);
}

function parseImage(text: string): Outcome<Targets> {
  const [, scheme, name] = /^([a-z+]+):\/*(.*)$/is.exec(text)!;
  if (!/^oci(\+http)?:\/\/[^/]/.test(text)) {
    const hint = `write \`${/^oci\+http$/i.test(scheme) ? 'oci+http' : 'oci'}://${name || 'ghcr.io/acme/api:1.2'}\``;
    return { fault: { message: `\`${text}\` is no image`, hint } };
  }
  if (/^[^/]*@/.test(name)) {
    const hint = 'delete what stands before the `@`; `docker login` stores credentials';
    return { fault: { message: 'an image has no user', hint } };
  }
  const reference = readReference(text);
  if (typeof reference === 'string') return { fault: { message: `\`${text}\`: ${reference}` } };
  return { value: [{ kind: 'image', reference }] };
}

function libraryFault(target: string): Fault | undefined {
  if (isAttribute(target)) {
    const message = `\`${target}\` is said of no upstream`;
    return { message, hint: 'write it after one: `http://10.0.0.7:80 weight=3`' };
  }
  if (isUpstream(target)) {
    const message = 'a route goes to a library or to upstreams, not to both';
    return { message, hint: 'keep one kind; `canary` sends a part of the requests elsewhere' };
  }
  if (isImage(target)) return undefined;
  const kind = missing.find(([form]) => form.test(target))?.[1];
  if (kind) return { message: `\`${target}\`: ${kind} are not supported yet`, hint: examples };
  if (/^[\w.-]+:\d+$|^\[[\da-f:]+\](:\d+)?$/i.test(target)) {
    return { message: `\`${target}\` has no scheme`, hint: `write \`http://${target}\`` };
  }
  const scheme = /^[a-z][a-z0-9+.-]+:/i.exec(target)?.[0];
  if (scheme) return { message: `\`${scheme}\` is no kind of target`, hint: examples };
  if (target.includes('/') || /\.(so|dylib)(\.[\d.]+)?$/.test(target)) return undefined;
  return {
    message: `\`${target}\` is not the path of a library`,
    hint: /^\d+$/.test(target) ? `write \`return ${target}\`` : `write \`./${target}\` if it is one`,
  };
}

/** The absolute path of a library; relative ones are relative to the folder of the proxy.ini. */
export function libraryPath(target: LibraryTarget, folder: string): string {
  return resolve(folder, target.path);
}
