// What checks SBOMs and provenance: SPDX's own tool, CycloneDX's schema, and in-toto's definition of the latter, all from PyPI.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const wanted = [
  'spdx-tools==0.8.5',
  'cyclonedx-python-lib[json-validation]==11.12.0',
  'in-toto-attestation==0.9.3',
];
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'flexilib/tools');

const cycloneDx = `
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())
sys.exit(str(error) if error else 0)
`;

const slsa = `
import sys
from google.protobuf.json_format import Parse, ParseError
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
try: Parse(open(sys.argv[1]).read(), Provenance())
except ParseError as error: sys.exit(str(error))
`;

/** Gives the folder with their programs, installed when it is first asked; null without Python and its venv. */
export function validators(): string | null {
  const folder = join(cache, 'claims-1');
  const bin = join(folder, 'bin');
  if (existsSync(join(bin, 'pyspdxtools'))) return bin;
  if (spawnSync('python3', ['-c', 'import venv, ensurepip']).status !== 0) return null;
  rmSync(folder, { recursive: true, force: true }); // of an install that broke off
  execFileSync('python3', ['-m', 'venv', folder]);
  execFileSync(join(bin, 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...wanted]);
  return bin;
}

/** Gives what is wrong with it, empty when nothing is. Its name's end says what it is: .spdx.json, .cdx.json, .slsa.json. */
export function faultsOf(bin: string, path: string): string {
  const [program, ...args] = path.endsWith('.spdx.json')
    ? ['pyspdxtools', '--infile', path]
    : ['python', '-c', path.endsWith('.slsa.json') ? slsa : cycloneDx, path];
  const { status, stdout, stderr } = spawnSync(join(bin, program!), args, { encoding: 'utf8' });
  return status === 0 ? '' : `${stdout}${stderr}`;
}
