// What is claimed of an image: signatures and attestations, made where they are missing, and verified from the registry.
// A claim: image (`REGISTRY/NAME@DIGEST`) and attestations ({ type, file }), with which it must have a signature too.
import { join } from 'node:path';
import { openImage, predicateTypes, SIGNED, verifyImage } from '@flexilib/signing';
import { $ } from 'zx';
import { root } from '../release/packages.mjs';

const command = join(root, 'apps/server/bin/flexilib.cjs');

/** Makes what of it isn't there, or isn't good, by the command that users have. Gives whether anything was missing. */
export async function claim({ image, attestations }, { trust, sign }) {
  const { store, descriptor, ...rest } = await openImage(image, false);
  const attached = await store.referrers(descriptor.digest);
  const good = attached.length > 0 ? await typesOf({ store, descriptor, ...rest }, trust) : new Set();
  const run = $({ stdio: 'inherit' });
  if (!good.has(SIGNED)) await run`${process.execPath} ${command} sign ${image} ${sign}`;
  const missing = attestations.filter(({ type }) => !good.has(predicateTypes[type]));
  for (const { type, file } of missing)
    await run`${process.execPath} ${command} sign ${image} --attest ${file} --type ${type} ${sign}`;
  return !good.has(SIGNED) || missing.length > 0;
}

/** Pulls all of it by its digest, and verifies what is claimed. Throws an Error that says what is missing. */
export async function prove({ image, attestations }, { trust }) {
  const { good, bad, parts, bytes } = await verifyImage(await openImage(image, false), trust);
  for (const type of [SIGNED, ...attestations.map(({ type }) => predicateTypes[type])]) {
    const found = good.find(({ predicateType }) => predicateType === type);
    if (!found) throw new Error([`${image}: no good ${type}`, ...bad].join('\n'));
    const { log } = found.verified;
    console.log(
      `${image}: ${type}, ${log ? `entry ${log.index} of the log ${log.url}` : 'in no log'}: verified`,
    );
  }
  console.log(`${image}: pulled back, ${parts} parts, ${bytes} bytes, each as its digest says`);
}

async function typesOf(image, trust) {
  const { good } = await verifyImage(image, trust);
  return new Set(good.map(({ predicateType }) => predicateType));
}
