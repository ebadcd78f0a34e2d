// deploy/kubernetes/flexilib.yaml: what the chart gives with its defaults, for who doesn't use Helm.
//   npm run manifests              writes it
//   npm run manifests -- --check   fails when it is stale
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { goTool } from '../e2e/support/tools.ts';

const deploy = join(import.meta.dirname, '../deploy');
const file = join(deploy, 'kubernetes/flexilib.yaml');
const { values } = parseArgs({ options: { check: { type: 'boolean' } } });

const head = `# Made of deploy/helm/flexilib by \`npm run manifests\`: change the chart, or what you have applied, not this file.
#   kubectl apply --server-side -f flexilib.yaml
---
apiVersion: v1
kind: Namespace
metadata:
  name: flexilib
  labels:
    pod-security.kubernetes.io/enforce: restricted
`;

const helm = await goTool('helm');
if (!helm) process.exit(1); // it has said why
const args = ['template', 'flexilib', join(deploy, 'helm/flexilib'), '--namespace', 'flexilib'];
// The version only has to be one that the chart takes.
const made = spawnSync(helm, [...args, '--kube-version', '1.35.0'], { encoding: 'utf8' });
if (made.status !== 0) {
  console.error(`error: helm: ${made.error?.message ?? made.stderr}`);
  process.exit(1);
}
// Nothing of it is Helm's.
const ofHelm = /^ +(helm\.sh\/chart|app\.kubernetes\.io\/managed-by): .*\n|^# Source: .*\n/gm;
const text = head + made.stdout.replace(ofHelm, '');
if (!values.check) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  console.error(`error: ${file} is stale; npm run manifests makes it anew`);
  process.exit(1);
}
