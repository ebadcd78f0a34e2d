// Signatures of files and images, as Sigstore's bundles: made, and verified.
export { BUNDLE_SUFFIX } from './bundle.ts';
export type { Authorities } from './evidence.ts';
export { bundleOf, signedHash, signFile, verifyFile } from './file.ts';
export { type Image, isImage, openImage, signImage, type VerifiedImage, verifyImage } from './image.ts';
export { createKeylessSigner } from './keyless.ts';
export { readPrivateKey, readPublicKey } from './keys.ts';
export { createTokenSigner, PKCS11 } from './pkcs11.ts';
export { createKeySigner, type Signer } from './signer.ts';
export { type Predicate, predicateTypeOf, predicateTypes, readPredicate, SIGNED } from './statement.ts';
export { printable } from './trouble.ts';
export { type Identity, publicGoodRoot, readTrustedRoot, type Trust } from './trust.ts';
export type { Verified } from './verify.ts';
