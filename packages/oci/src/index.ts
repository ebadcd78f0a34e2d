// A registry's client, as far as FlexiLib needs one: pull, push, and what refers to an image (OCI distribution spec 1.1).
export { cachedLibrary, cacheFolder, SIGNATURE } from './cache.ts';
export { collectGarbage } from './collect.ts';
export { copyImage } from './copy.ts';
export { type Credentials, credentialsFromConfig, type FindCredentials } from './credentials.ts';
export { digestOf } from './digest.ts';
export {
  architectureOf,
  EXECUTOR,
  EXECUTOR_LIBRARY,
  EXECUTOR_SIGNATURE,
  findExecutor,
  SIGNATURE_MAX,
  thisArchitecture,
} from './executor.ts';
export { openLayout, readLayoutIndex } from './layout.ts';
export { type Descriptor, isIndex, type Manifest, MediaType, type Platform } from './manifest.ts';
export { type Pulled, pull } from './pull.ts';
export { type PushedLibrary, pushExecutor } from './push.ts';
export { formatReference, isDigest, type Reference, readReference, wantedOf } from './reference.ts';
export { type Attachment, attach, fallbackTag } from './referrers.ts';
export { openRegistry, parseReference, type RegistryOptions } from './registry.ts';
export { readBlob, type Store, saveBlob } from './store.ts';
