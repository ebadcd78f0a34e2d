// What a server with require_signature asks before it loads a library. It is a program's part of its own (signature.cjs): a server
// without the option has none of it.
import { BUNDLE_BYTES, parseBundle } from './bundle.ts';
import { bundleOf, verifyContent } from './file.ts';
import { readPublicKey } from './keys.ts';
import { readSmall } from './read.ts';
import { messageOf } from './trouble.ts';
import type { Trust } from './trust.ts';

export { readPublicKey } from './keys.ts';

/**
 * Of libraries that must be signed by the key of this file, which is read at each load: a rotated key counts from then on.
 * The loader's `verify`, whose words are these. A log isn't asked for: it is for those who audit. cache: the folder of libraries
 * that come from registries, which are signed elsewhere.
 */
export function createRequirement(
  keyFile: string,
  cache: string,
): (library: { path: string; copy: string; hash: string }, kept: string | null) => Promise<string> {
  return async ({ path, copy, hash }, kept) => {
    const key = await readPublicKey(keyFile).catch((error) => {
      throw new Error(`require_signature = ${messageOf(error)}`);
    });
    try {
      const from = bundleOf(path);
      const text = kept ?? (await readSmall(from, BUNDLE_BYTES));
      if (text === null) throw new Error(`it isn't signed, there is no ${from}`);
      const signer = { key, name: keyFile };
      const trust: Trust = { signer, root: null, ignoreLog: true };
      const { content } = await verifyContent(parseBundle(text, from), from, copy, path, trust);
      if (content.sha256.toString('hex') !== hash) throw new Error('its copy was altered');
      return text;
    } catch (error) {
      const how = path.startsWith(`${cache}/`)
        ? 'sign the library (flexilib sign), then push it again: its signature goes with it'
        : `\`flexilib sign ${path} --key PRIVATE.pem\` signs it`;
      throw new Error(`require_signature = ${keyFile}: ${messageOf(error)}; ${how}`);
    }
  };
}
