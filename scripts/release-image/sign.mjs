// What is claimed of an image: signatures and attestations, made where they are missing, and verified.
import { createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { $ } from 'zx';
import { root } from '../release/packages.mjs';

const flexilib = join(root, 'apps/server/bin/flexilib.cjs');
const issuer = 'https://token.actions.githubusercontent.com';

/**
 * The arguments of `flexilib sign` and `flexilib verify`, both of one signer. options: key, log, trustedRoot as they were
 * given; folder: for the public half of the key. Throws an Error when nobody is there to sign.
 */
export function signerOf({ key, log, trustedRoot }, forge, folder) {
  const root = trustedRoot ? ['--trusted-root', trustedRoot] : [];
  const sign = [...(key ? ['--key', key] : []), ...(log ? ['--log', log] : [])];
  if (key?.startsWith('pkcs11:')) return { sign, verify: ['--key', key, ...root] };
  if (key) return { sign, verify: ['--key', publicHalf(key, folder), ...root] };
  if (!forge?.workflow || forge.gitea)
    throw new Error('who signs? Give --key; only in GitHub Actions there is an identity that signs without one');
  const identity = ['--certificate-identity', forge.workflow, '--certificate-oidc-issuer', issuer];
  return { sign, verify: [...identity, ...root] };
}

/** Makes what isn't there, verified, yet. image: `REGISTRY/NAME@DIGEST`; attestation: { type, file }, null for a signature. */
export async function claim(image, attestation, signer) {
  if (await isClaimed(image, attestation, signer)) return false;
  const what = attestation ? ['--attest', attestation.file, '--type', attestation.type] : [];
  await $({ stdio: 'inherit' })`${process.execPath} ${flexilib} sign ${image} ${what} ${signer.sign}`;
  return true;
}

/** Verifies it, aloud. Throws when it isn't good. */
export async function prove(image, attestation, { verify }) {
  const what = attestation ? ['--type', attestation.type] : [];
  await $({ stdio: 'inherit' })`${process.execPath} ${flexilib} verify ${image} ${what} ${verify}`;
}

async function isClaimed(image, attestation, { verify }) {
  const what = attestation ? ['--type', attestation.type] : [];
  const quiet = $({ quiet: true, nothrow: true });
  const { exitCode } = await quiet`${process.execPath} ${flexilib} verify ${image} ${what} ${verify}`;
  return exitCode === 0;
}
