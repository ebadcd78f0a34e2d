// The real tools that ours must agree with: cosign, a transparency log, helm and so on. They are written in Go, and none is
// packaged everywhere, so they are built from source: e2e/tools/NAME has go.mod and go.sum, which pin each by its hash.
// A folder each, and not one go.mod for all: together they would be built with dependencies that none was released with.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { machinePlaces } from './programs.ts';

export type GoTool =
  | 'actionlint'
  | 'compose'
  | 'cosign'
  | 'crane'
  | 'helm'
  | 'kubernetes'
  | 'oci-registry'
  | 'rekor-cli'
  | 'rekor-tiles';

const building = new Map<GoTool, Promise<string | null>>();

/**
 * Gives the path of a tool, of kubernetes the folder of its programs; builds it when it is first needed, into the user's cache
 * folder, which takes up to six minutes (cosign), or twenty (kubernetes).
 * Null where there is no Go, after a line that says so: a test without its tool is skipped (`describe.skipIf(!tool)`).
 * Throws if it can't be built. Await it where a test file begins, not in a test with a time limit.
 */
export function goTool(name: GoTool): Promise<string | null> {
  const known = building.get(name);
  if (known) return known;
  const made = find(name);
  building.set(name, made);
  return made;
}

async function find(name: GoTool): Promise<string | null> {
  const project = join(import.meta.dirname, '../tools', name);
  const pinned = ['go.mod', 'go.sum'].map((file) => readFileSync(join(project, file)));
  const hash = createHash('sha256').update(Buffer.concat(pinned)).digest('hex').slice(0, 12);
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folder = join(cache, 'flexilib/tools');
  const program = join(folder, `${name}-${hash}`);
  if (existsSync(program)) return program;
  if (!machinePlaces().some((place) => existsSync(join(place, 'go')))) {
    process.stderr.write(
      `${name} can't be built: there is no \`go\` on the PATH; what needs it is skipped\n`,
    );
    return null;
  }
  process.stderr.write(
    `building ${name} from source, once; this takes minutes (cosign six, kubernetes twenty)\n`,
  );
  mkdirSync(folder, { recursive: true });
  const part = `${program}.${process.pid}`; // whoever else builds it at the same time makes the same
  try {
    if (name === 'kubernetes') mkdirSync(part);
    await goBuild(project, part, name === 'kubernetes' ? kubernetesVersion(pinned[0].toString()) : []);
    renameSync(part, program);
  } finally {
    rmSync(part, { force: true, recursive: true });
  }
  return program;
}

/** Its programs don't take it from the module: without it they say that they are v0.0.0, and charts refuse that. */
function kubernetesVersion(goMod: string): string[] {
  const [, major, minor, patch] = /k8s\.io\/kubernetes v(\d+)\.(\d+)\.(\d+)/.exec(goMod)!;
  const values = { gitVersion: `v${major}.${minor}.${patch}`, gitMajor: major, gitMinor: minor };
  const flags = Object.entries(values).map(
    ([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`,
  );
  return ['-ldflags', `-s -w ${flags.join(' ')}`];
}

function goBuild(project: string, output: string, extra: string[]): Promise<void> {
  const flags = ['build', '-mod=readonly', '-buildvcs=false', ...extra, '-o', output, 'tool'];
  return new Promise((resolve, reject) => {
    const child = spawn('go', flags, { cwd: project, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000);
    });
    child.once('error', reject);
    child.once('close', (status) => {
      if (status === 0) resolve();
      else reject(new Error(`go ${flags.join(' ')} in ${project} failed:\n${said}`));
    });
  });
}
