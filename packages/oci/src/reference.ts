// Names of images: the grammar of github.com/distribution/reference, with the registry always named. It needs nobody, so
// that who reads configurations can have it alone.

export interface Reference {
  /** Host and port, as they are written: «ghcr.io», «localhost:5000», «[::1]:5000». */
  registry: string;
  /** «acme/api» */
  repository: string;
  tag: string | undefined;
  /** «sha256:…»; it wins over the tag. */
  digest: string | undefined;
  /** Spoken to without TLS: it is this machine, or was written as oci+http://. */
  plain: boolean;
}

const LONGEST_REPOSITORY = 255;
const LONGEST = 1024;

const label = '(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])';
const HOST = new RegExp(String.raw`^(?:${label}(?:\.${label})*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$`);
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const PREFIX = /^oci(\+http)?:\/\//;

/**
 * Reads REGISTRY/NAME, with :TAG, @DIGEST or both; oci:// may stand before it, oci+http:// says that the registry speaks
 * no TLS. Gives what is wrong, if it is no such name.
 */
export function readReference(text: string): Reference | string {
  if (text.length > LONGEST) return `longer than ${LONGEST} characters`;
  const prefix = PREFIX.exec(text);
  const name = prefix ? text.slice(prefix[0].length) : text;
  const slash = name.indexOf('/');
  const registry = slash === -1 ? '' : name.slice(0, slash);
  // Docker would take «acme/api» to be on docker.io: a name that says less than it means.
  if (slash === -1) return 'it names a registry and nothing there; in full it is like `ghcr.io/acme/api:1.2`';
  if (!isRegistry(registry)) return 'no registry comes first; in full it is like `ghcr.io/acme/api:1.2`';
  const at = name.indexOf('@', slash);
  const digest = at === -1 ? undefined : name.slice(at + 1);
  if (digest !== undefined && !isDigest(digest))
    return 'what follows `@` is no digest: `sha256:` and 64 hexadecimal digits in lower case';
  const rest = name.slice(slash + 1, at === -1 ? undefined : at);
  const colon = rest.indexOf(':');
  const tag = colon === -1 ? undefined : rest.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag))
    return 'what follows `:` is no tag: up to 128 letters, digits, `_`, `.` and `-`, the first no `.` or `-`';
  const repository = officialName(registry, colon === -1 ? rest : rest.slice(0, colon));
  if (repository.length > LONGEST_REPOSITORY || !repository.split('/').every((part) => COMPONENT.test(part)))
    return 'the name after the registry may have lower-case letters and digits, with single `.`, `_`, `-` and `/` between them';
  return { registry, repository, tag, digest, plain: prefix?.[1] !== undefined || isLoopback(registry) };
}

/** A name without a dot or a port is no registry, save localhost: it would be docker.io's «acme» of «acme/api». */
function isRegistry(text: string): boolean {
  if (!HOST.test(text) || text.length > LONGEST_REPOSITORY || !URL.canParse(`https://${text}`)) return false;
  const port = /:([0-9]+)$/.exec(text.replace(/^\[.*\]/, ''))?.[1];
  if (port !== undefined && (Number(port) === 0 || Number(port) > 65535)) return false;
  return text === 'localhost' || /[.:[]/.test(text);
}

const officialName = (registry: string, name: string): string =>
  registry === 'docker.io' && !name.includes('/') ? `library/${name}` : name;

/** «host:port» or «host» */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:[0-9]+$/, '');
  return name === 'localhost' || name === '[::1]' || /^127(\.[0-9]{1,3}){3}$/.test(name);
}

/** As parseReference takes it. */
export function formatReference({ registry, repository, tag, digest, plain }: Reference): string {
  const scheme = plain && !isLoopback(registry) ? 'oci+http://' : '';
  return `${scheme}${registry}/${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
}

/** The tag, if there is none «latest»; a digest wins. */
export function wantedOf({ tag, digest }: Reference): string {
  return digest ?? tag ?? 'latest';
}

const HEX_LENGTHS: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };

/** «sha256:…» or «sha512:…» in full, in lower case: the algorithms that the specification registers. */
export function isDigest(text: string): boolean {
  const [algorithm, hex = '', ...rest] = text.split(':');
  if (rest.length > 0 || !Object.hasOwn(HEX_LENGTHS, algorithm)) return false;
  return hex.length === HEX_LENGTHS[algorithm] && /^[0-9a-f]+$/.test(hex);
}
