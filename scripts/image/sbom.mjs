// The SBOMs of an image, beside its layout: sbom.cdx.json and sbom.spdx.json.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cycloneDx } from './sbom/cyclonedx.mjs';
import { packagesOf } from './sbom/parts.mjs';
import { spdx } from './sbom/spdx.mjs';

/** parts: of stageContext; digest: of the index; labels: of the image. Gives how many packages they name. */
export function writeSboms(folder, parts, digest, labels) {
  const label = (name) => labels[`org.opencontainers.image.${name}`];
  const [version, created, source] = ['version', 'created', 'source'].map(label);
  const image = { digest, version, created, source, purl: `pkg:oci/flexilib@${digest.replace(':', '%3A')}` };
  const packages = packagesOf(parts, version);
  const write = (name, value) => writeFileSync(join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
  write('sbom.cdx.json', cycloneDx(packages, image));
  write('sbom.spdx.json', spdx(packages, image));
  return packages.length;
}
