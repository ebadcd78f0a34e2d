// What is claimed of an image: signatures and attestations, made where they are missing, and verified. A claim: image
// (`REGISTRY/NAME@DIGEST`) and attestation ({ type, file }, null for a signature). All by the command that users have.
import { join } from 'node:path';
import { $ } from 'zx';
import { root } from '../release/packages.mjs';

const command = join(root, 'apps/server/bin/flexilib.cjs');
const typeOf = (attestation) => (attestation ? ['--type', attestation.type] : []);

/** Makes it, unless the registry has it and it is good. */
export async function claim({ image, attestation }, signer) {
  const quiet = $({ nothrow: true, quiet: true });
  const { exitCode } =
    await quiet`${process.execPath} ${command} verify ${image} ${typeOf(attestation)} ${signer.verify}`;
  if (exitCode === 0) return;
  const what = attestation ? ['--attest', attestation.file, '--type', attestation.type] : [];
  await $({ stdio: 'inherit' })`${process.execPath} ${command} sign ${image} ${what} ${signer.sign}`;
}

/** Verifies it, aloud. Throws when it isn't good. */
export async function prove({ image, attestation }, { verify }) {
  await $({
    stdio: 'inherit',
  })`${process.execPath} ${command} verify ${image} ${typeOf(attestation)} ${verify}`;
}
