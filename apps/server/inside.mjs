// What others have written of a bundle: the npm packages that esbuild's metafile names, and their licences.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Without a file of its own: that of another package of the same repository. */
const licenceOf = { '@sigstore/verify': '../bundle' };

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
export const noticesOf = (packages) => packages.map(noticeOf).join('\n');

function noticeOf({ name, version, license, folder, texts }) {
  const line = '='.repeat(78);
  const files = texts ?? licencesIn(join(folder, licenceOf[name] ?? '.'));
  const text = files.map((path) => readFileSync(path, 'utf8').replaceAll('\r', '').trim()).join('\n\n');
  return `${line}\n${name} ${version}, licence: ${license}\n${line}\n\n${text}\n`;
}

/** Packages that forgot the file, and who of the same repository has it. */
const licenceOf = { '@sigstore/verify': '../bundle' };

function licencesIn(own) {
  const { name } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8'));
  const folder = join(own, licenceOf[name] ?? '.');
  const found = globSync('{LICEN[CS]E,[Ll]icen[cs]e,NOTICE,COPYING}*', { cwd: folder }).sort();
  if (found.length === 0) throw new Error(`${folder} has no file with its licence; name one in inside.mjs`);
  return found.map((name) => join(folder, name));
}
