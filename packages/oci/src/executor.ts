// A library as an artifact: which manifest of an index is for a platform, which of its layers is what.
import { registryError } from './error.ts';
import { type Descriptor, isIndex, type Manifest } from './manifest.ts';
import type { Store } from './store.ts';

export const EXECUTOR = 'application/vnd.flexilib.executor.v1';
export const EXECUTOR_LIBRARY = 'application/vnd.flexilib.executor.library.v1';
/** Sigstore's own name for a bundle, of any version. */
export const EXECUTOR_SIGNATURE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const SIGNATURES = /^application\/vnd\.dev\.sigstore\.bundle(\.v[\d.]+\+json|\+json;version=[\d.]+)$/;

/** Bytes. */
export const LIBRARY_MAX: number = 1 << 30;
export const SIGNATURE_MAX: number = 1 << 20;

export interface ExecutorArtifact {
  library: Descriptor;
  signature: Descriptor | null;
}

/** As OCI names what this process runs on: Go's names. */
export const thisArchitecture: string = process.arch === 'x64' ? 'amd64' : process.arch;

/** digest: of an index or of one platform's manifest. Throws FL_REGISTRY. */
export async function findExecutor(
  store: Store,
  digest: string,
  architecture: string,
): Promise<ExecutorArtifact> {
  const manifest = await store.manifest(digest);
  return layersOf(
    store.name,
    isIndex(manifest.descriptor.mediaType) ? await choose(store, manifest, architecture) : manifest,
  );
}

async function choose(store: Store, { manifests }: Manifest, architecture: string): Promise<Manifest> {
  const entry = manifests.find(
    ({ platform }) => platform?.os === 'linux' && platform.architecture === architecture,
  );
  if (!entry) {
    const there = manifests.flatMap(({ platform }) =>
      platform ? [`${platform.os}/${platform.architecture}`] : [],
    );
    const has =
      there.length > 0 ? `is for ${there.slice(0, 10).join(', ')}` : 'says of nothing what it is for';
    throw registryError(
      store.name,
      `the index ${has}, and this machine is linux/${architecture}; push a library for it too`,
    );
  }
  const manifest = await store.manifest(entry.digest);
  if (isIndex(manifest.descriptor.mediaType))
    throw registryError(store.name, `${entry.digest} is an index within an index`);
  return manifest;
}

function layersOf(where: string, { layers, descriptor }: Manifest): ExecutorArtifact {
  const libraries = layers.filter(({ mediaType }) => mediaType === EXECUTOR_LIBRARY);
  const signatures = layers.filter(({ mediaType }) => SIGNATURES.test(mediaType));
  const wrong = (what: string) => registryError(where, `${descriptor.digest}: ${what}`);
  if (libraries.length === 0)
    throw wrong(
      `none of its ${layers.length} layers is a library (${EXECUTOR_LIBRARY}); \`flexilib push\` makes such images`,
    );
  if (libraries.length > 1 || signatures.length > 1)
    throw wrong(
      `it has ${libraries.length} libraries and ${signatures.length} signatures, one of each is meant`,
    );
  const [library] = libraries;
  const [signature = null] = signatures;
  if (library.size > LIBRARY_MAX)
    throw wrong(`the library has ${library.size} bytes, more than ${LIBRARY_MAX}`);
  if (signature && signature.size > SIGNATURE_MAX)
    throw wrong(`the signature has ${signature.size} bytes, more than ${SIGNATURE_MAX}`);
  return { library, signature };
}

const ELF_HEADER = 20;
const architectures: Readonly<Record<number, string>> = {
  3: '386',
  40: 'arm',
  62: 'amd64',
  183: 'arm64',
  243: 'riscv64',
};

/** The architecture of an ELF file, as OCI names it, by its first bytes; null: it is none, or for a machine without such a name. */
export function architectureOf(head: Uint8Array): string | null {
  const isElf =
    head.length >= ELF_HEADER && Buffer.from(head.subarray(0, 4)).equals(Buffer.from('\x7fELF', 'latin1'));
  if (!isElf) return null;
  const littleEndian = head[5] === 1;
  return (littleEndian && architectures[head[18] | (head[19] << 8)]) || null;
}
