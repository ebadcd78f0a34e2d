// kubernetes-validate, which has the schemas of Kubernetes' objects inside. It is in Python: a virtual environment in the cache.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const VERSION = '1.37.0';

/** The program's path; null, after a line that says why, where there is no Python that could install it. */
export function kubernetesValidate(): string | null {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const place = join(cache, `flexilib/tools/kubernetes-validate-${VERSION}`);
  const program = join(place, 'bin/kubernetes-validate');
  if (existsSync(program)) return program;
  const made = spawnSync('python3', ['-m', 'venv', place], { encoding: 'utf8' });
  const pip = [join(place, 'bin/pip'), 'install', '--quiet', `kubernetes-validate==${VERSION}`];
  const installed = made.status === 0 && spawnSync(pip[0], pip.slice(1), { encoding: 'utf8' });
  if (installed && installed.status === 0) return program;
  rmSync(place, { recursive: true, force: true });
  const why = (installed || made).stderr || 'there is no python3';
  process.stderr.write(`manifests are not held against schemas, no kubernetes-validate: ${why.trim()}\n`);
  return null;
}
