// Whom to believe: a key, or an identity that a certificate authority vouches for; and the logs, by their keys.
import type { KeyObject } from 'node:crypto';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { readSmall } from './read.ts';
import { messageOf, trouble } from './trouble.ts';
import publicGood from './trusted-root.json' with { type: 'json' };

const ROOT_BYTES = 1 << 20;
const MEDIA_TYPES = [
  'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  'application/vnd.dev.sigstore.trustedroot.v0.1+json',
];

/** Who may have signed without a key of their own. A text must be equal, an expression must match somewhere. */
export interface Identity {
  subject: string | RegExp;
  issuer: string | RegExp;
}

export interface Trust {
  /** A key, and where it is from; or an identity. */
  signer: { key: KeyObject; name: string } | Identity;
  /** Null: Sigstore's public instance, as far as it is known here. */
  root: TrustedRoot | null;
  /** The log's part of a bundle isn't looked at, there or not. By key only. */
  ignoreLog: boolean;
}

/** A trusted root, as `cosign trusted-root create` writes it. Throws FL_SIGNATURE. */
export async function readTrustedRoot(path: string): Promise<TrustedRoot> {
  const text = await readSmall(path, ROOT_BYTES);
  if (text === null) throw trouble(path, 'there is no such file');
  try {
    return toTrustedRoot(JSON.parse(text));
  } catch (error) {
    throw trouble(path, `is no trusted root: ${messageOf(error)}`, error);
  }
}

/** That of Sigstore's public instance, from the time of this release. */
export const publicGoodRoot = (): TrustedRoot => toTrustedRoot(publicGood);

export const noRoot: TrustedRoot = TrustedRoot.fromJSON({});

function toTrustedRoot(json: unknown): TrustedRoot {
  const root = TrustedRoot.fromJSON(json);
  if (!MEDIA_TYPES.includes(root.mediaType))
    throw new Error(`its mediaType is ${JSON.stringify(root.mediaType)}`);
  return root;
}
