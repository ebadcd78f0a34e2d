// What others have written of a bundle: the npm packages that esbuild's metafile names, and their licences.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The packages that a build has taken code from: {name, version, license, purl, files, folder}, by name. files: the
 * outputs that hold some of it. folder: where it is installed. outputs: the metafile's. cwd: the build's.
 */
export function packagesIn(outputs, cwd) {
  const found = new Map();
  for (const [output, { inputs }] of Object.entries(outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      const place = /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
      if (!place || bytesInOutput === 0) continue;
      const one = found.get(place) ?? describe(join(cwd, place));
      found.set(place, one);
      one.files = [...new Set([...one.files, output])].sort();
    }
  }
  return [...found.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1));
}

/** A package that is installed in folder; files: those that it is in. */
export function describe(folder, files = []) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return { name, version, license, purl: `pkg:npm/${name.replace('@', '%40')}@${version}`, files, folder };
}

/** packages.json: what a machine wants to know of them. */
export const listOf = (packages) =>
  `${JSON.stringify(
    packages.map(({ folder, texts, ...told }) => told),
    null,
    2,
  )}\n`;

/** THIRD-PARTY.txt: their licences. texts: of one, the files of its licence, else those in its folder. */
export function noticesOf(packages) {
  const apache = packages.find(
    ({ license, folder }) => license === 'Apache-2.0' && licencesIn(folder).length > 0,
  );
  const textsOf = ({ license, folder, texts = licencesIn(folder) }) => {
    if (texts.length > 0) return texts;
    // That text names no holder of the rights: it is the same in each package, of which some leave it out.
    return license === 'Apache-2.0' && apache ? licencesIn(apache.folder) : [];
  };
  return packages.map((one) => noticeOf(one, textsOf(one))).join('\n');
}

function noticeOf({ name, version, license }, texts) {
  const line = '='.repeat(78);
  const text = texts.map((path) => readFileSync(path, 'utf8').replaceAll('\r', '').trim()).join('\n\n');
  return `${line}\n${name} ${version}, licence: ${license}\n${line}\n\n${text || MISSING}\n`;
}

/** A test looks for it: what gets in must come with its licence. */
const MISSING = 'Its package has no text of it.';

function licencesIn(folder) {
  if (!folder) return [];
  return globSync('{LICEN[CS]E,[Ll]icen[cs]e,NOTICE,COPYING}*', { cwd: folder })
    .sort()
    .map((name) => join(folder, name));
}
