// A registry's client, as far as FlexiLib needs one: pull, push, and what refers to an image (OCI distribution spec 1.1).
export { copyImage } from './copy.ts';
export { type Credentials, credentialsFromConfig, type FindCredentials } from './credentials.ts';
export { digestOf, isDigest } from './digest.ts';
export { openLayout } from './layout.ts';
export { type Descriptor, isIndex, type Manifest, MediaType, type Platform } from './manifest.ts';
export { formatReference, parseReference, type Reference, wantedOf } from './reference.ts';
export { type Attachment, attach, fallbackTag } from './referrers.ts';
export { openRegistry, type RegistryOptions } from './registry.ts';
export { readBlob, type Store, saveBlob } from './store.ts';
