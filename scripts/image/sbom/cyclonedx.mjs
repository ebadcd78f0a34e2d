// The packages as CycloneDX 1.6. No number of its own is random: the same image has the same bytes.
import { createHash } from 'node:crypto';

const hashes = { sha256: 'SHA-256', sha512: 'SHA-512' };

/** image: `digest`, `version`, `created`, `purl`. Gives the document. */
export function cycloneDx(packages, image) {
  const main = `flexilib-image@${image.version}`;
  const own = packages.filter(({ inside }) => !inside);
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(image.digest)}`,
    version: 1,
    metadata: {
      timestamp: image.created,
      tools: {
        components: [{ type: 'application', name: 'flexilib scripts/image', version: image.version }],
      },
      component: {
        ...{ type: 'container', 'bom-ref': main, name: 'flexilib', version: image.version, purl: image.purl },
        hashes: [{ alg: 'SHA-256', content: image.digest.split(':')[1] }],
        licenses: [{ license: { id: 'MIT' } }],
      },
    },
    components: packages.map(({ name, version, purl, license, cpe, hash, source }) => ({
      type: name === 'flexilib' || purl.startsWith('pkg:npm/node-') ? 'application' : 'library',
      'bom-ref': purl,
      name,
      version,
      ...(hash && { hashes: [{ alg: hashes[hash.algorithm], content: hash.value }] }),
      ...(license && {
        licenses: [/ /.test(license) ? { expression: license } : { license: { id: license } }],
      }),
      ...(cpe && { cpe }),
      purl,
      ...(source && { properties: [{ name: 'flexilib:debian:source', value: source }] }),
    })),
    dependencies: [
      { ref: main, dependsOn: own.map(({ purl }) => purl) },
      ...own.map(({ purl }) => {
        const inner = packages.filter(({ inside }) => inside === purl);
        return { ref: purl, ...(inner.length > 0 && { dependsOn: inner.map(({ purl }) => purl) }) };
      }),
    ],
  };
}

/** A UUID of version 8 (RFC 9562), whose bits are its maker's own. */
function uuidOf(text) {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x80;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
