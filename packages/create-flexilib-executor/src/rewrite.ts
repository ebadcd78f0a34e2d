// From the text of a template to that of a project. A template is a project of this repository whose library is called
// hello; where it stands as a name, and only there, the project's takes its place.
import { randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { libraryName } from './names.ts';

/** `file` is the path in the template, `version` that of FlexiLib's packages. */
export function rewrite(file: string, text: string, name: string, version: string): string {
  if (file === 'package.json') return manifest(text, name, version);
  const library = libraryName(name);
  const renamed = text
    .replaceAll('libhello.so', `lib${library}.so`)
    .replaceAll('name = "hello"', `name = "${library}"`) // Cargo.toml, Cargo.lock, build.zig
    .replaceAll('.name = .hello', `.name = .${library}`) // build.zig.zon
    .replaceAll('../../packages/abi-headers', 'node_modules/@flexilib/abi-headers')
    .replace(/(?<=\.fingerprint = )0x[0-9a-f]+/, () => fingerprint(library));
  return file === 'Cargo.lock' ? sorted(renamed) : renamed;
}

function manifest(text: string, name: string, version: string): string {
  const project = JSON.parse(text);
  for (const dependencies of [project.dependencies, project.devDependencies]) {
    for (const its of Object.keys(dependencies ?? {})) {
      if (its === 'flexilib' || its.startsWith('@flexilib/')) dependencies[its] = `^${version}`;
    }
  }
  return `${JSON.stringify({ ...project, name, version: '0.1.0' }, null, 2)}\n`;
}

/** What tells a Zig package from its namesakes: the name's CRC-32 above a random half, in which 0 and ~0 have a meaning. */
function fingerprint(name: string): string {
  const id = (BigInt(crc32(name)) << 32n) | BigInt(randomInt(1, 0xffffffff));
  return `0x${id.toString(16).padStart(16, '0')}`;
}

/** Cargo keeps the packages in its lock file by name, and would rewrite one that isn't so. */
function sorted(lock: string): string {
  const [head, ...packages] = lock.split('[[package]]\n').map((part) => part.trimEnd());
  return `${[head, ...packages.sort().map((part) => `[[package]]\n${part}`)].join('\n\n')}\n`;
}
