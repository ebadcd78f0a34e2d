// The packages as SPDX 2.3.
const ids = (text) => `SPDXRef-${text.replace(/[^\w.]+/g, '-').replaceAll('_', '-')}`;

/** image: as cycloneDx takes it. Gives the document. */
export function spdx(packages, image) {
  const main = 'SPDXRef-image';
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `flexilib-${image.version}`,
    documentNamespace: `${image.source}/spdx/${image.digest.replace(':', '-')}`,
    creationInfo: { created: image.created, creators: [`Tool: flexilib-scripts-image-${image.version}`] },
    packages: [
      {
        ...{ SPDXID: main, name: 'flexilib', versionInfo: image.version, primaryPackagePurpose: 'CONTAINER' },
        ...{ downloadLocation: 'NOASSERTION', filesAnalyzed: false },
        ...licences('NOASSERTION', 'MIT'),
        checksums: [{ algorithm: 'SHA256', checksumValue: image.digest.split(':')[1] }],
        externalRefs: [reference('PACKAGE-MANAGER', 'purl', image.purl)],
      },
      ...packages.map(({ name, version, purl, license, cpe, hash, source }) => ({
        ...{
          SPDXID: ids(purl),
          name,
          versionInfo: version,
          downloadLocation: 'NOASSERTION',
          filesAnalyzed: false,
        },
        ...(hash && { checksums: [{ algorithm: hash.algorithm.toUpperCase(), checksumValue: hash.value }] }),
        ...licences('NOASSERTION', license ?? 'NOASSERTION'),
        ...(source && { sourceInfo: `built package from: ${source} ${version}` }),
        externalRefs: [
          reference('PACKAGE-MANAGER', 'purl', purl),
          ...(cpe ? [reference('SECURITY', 'cpe23Type', cpe)] : []),
        ],
      })),
    ],
    relationships: [
      relation('SPDXRef-DOCUMENT', 'DESCRIBES', main),
      ...packages.map(({ purl, inside }) => relation(inside ? ids(inside) : main, 'CONTAINS', ids(purl))),
    ],
  };
}

const licences = (concluded, declared) => ({
  licenseConcluded: concluded,
  licenseDeclared: declared,
  copyrightText: 'NOASSERTION',
});

const reference = (category, type, locator) => ({
  referenceCategory: category,
  referenceType: type,
  referenceLocator: locator,
});

const relation = (from, type, to) => ({
  spdxElementId: from,
  relationshipType: type,
  relatedSpdxElement: to,
});
