// The workflows of both forges: what GitHub's own lint would say, what a careless change would open, and that they are twins.
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { goTool } from '../support/tools.ts';

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}
interface Job {
  if?: string;
  permissions?: Record<string, string>;
  'timeout-minutes'?: number;
  env?: Record<string, string>;
  steps: Step[];
}
interface Workflow {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  concurrency: unknown;
  env?: Record<string, string>;
  jobs: Record<string, Job>;
}

/** What may write, and knows secrets, runs on what was pushed to main, or tagged. */
const onTags = "startsWith(github.ref, 'refs/tags/v')";
const trusted = [onTags, `github.event_name == 'push' && (github.ref == 'refs/heads/main' || ${onTags})`];

const root = join(import.meta.dirname, '../..');
const files = globSync('{.github,.gitea}/workflows/*', { cwd: root });
const actionlint = await goTool('actionlint');
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');
const load = (file: string): Workflow => parse(textOf(file));
const scripts: Record<string, string> = JSON.parse(textOf('package.json')).scripts;

test('both forges have theirs', () => {
  expect(files.sort()).toEqual(['.gitea/workflows/ci.yml', '.github/workflows/ci.yml']);
});

describe.each(files)('%s', (file) => {
  const workflow = load(file);
  const jobs = Object.entries(workflow.jobs);
  const steps = jobs.flatMap(([, job]) => job.steps);

  test.skipIf(!actionlint)('actionlint finds nothing', () => {
    expect(execFileSync(actionlint ?? '', [join(root, file)], { cwd: root, encoding: 'utf8' })).toBe('');
  });

  test('an action is pinned by its commit, its version beside it', () => {
    const lines = textOf(file).match(/^.*\buses:.*$/gm) ?? [];
    expect(lines.length).toBe(steps.filter(({ uses }) => uses).length);
    for (const line of lines) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test('each step runs a script that is here, with no text from outside in it', () => {
    for (const { run } of steps) if (run) expect(missing(run), run).toBeNull();
  });

  test('a job may do what it needs, and not for ever', () => {
    expect(workflow.permissions).toEqual({});
    expect(workflow.concurrency).toBeDefined();
    for (const [name, job] of jobs) {
      expect(job.permissions, name).toBeDefined();
      expect(job['timeout-minutes'], name).toBeLessThanOrEqual(90);
    }
    const writers = jobs.filter(([, { permissions }]) => Object.values(permissions ?? {}).includes('write'));
    for (const [name, { if: condition }] of writers) expect(trusted, name).toContain(condition);
    for (const { uses, with: options } of steps)
      if (uses?.startsWith('actions/checkout@')) expect(options?.['persist-credentials']).toBe(false);
  });

  test('a pull request sees no secret', () => {
    expect(Object.keys(workflow.on).sort()).toEqual(['pull_request', 'push']);
    expect(workflow.env).toBeUndefined();
    for (const [name, job] of jobs) {
      expect(job.env, name).toBeUndefined();
      const secret = /secrets\.|github\.token/.test(JSON.stringify(job));
      if (secret) expect(trusted, name).toContain(job.if);
    }
  });
});

test('the forges differ in the versions of the artifacts, the identity, and who publishes to npm', () => {
  const github = load('.github/workflows/ci.yml');
  const { npm, ...shared } = github.jobs;
  expect(npm?.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
  const jobs = structuredClone(shared);
  delete jobs.publish?.permissions?.['id-token'];
  expect(comparable(load('.gitea/workflows/ci.yml'))).toEqual(comparable({ ...github, jobs }));
});

test('`npm run release` builds what it publishes, in a clone that has built nothing', () => {
  const options = scripts.prerelease?.match(/--filter=\S+/g) ?? [];
  const plan = execFileSync(
    join(root, 'node_modules/.bin/turbo'),
    ['run', 'build', ...options, '--dry=json'],
    { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const { tasks } = JSON.parse(plan) as { tasks: { package: string }[] };
  const built = new Set(tasks.map((task) => task.package));
  const published = globSync('{apps,packages}/*/package.json', { cwd: root })
    .map((path) => JSON.parse(readFileSync(join(root, path), 'utf8')))
    .filter((one) => !one.private && one.scripts?.build)
    .map(({ name }) => name as string);
  expect(published).toContain('flexilib');
  expect(published.filter((name) => !built.has(name))).toEqual([]);
});

/** Without the versions of artifact actions, and where the secrets of publish come from. */
function comparable(workflow: Workflow): unknown {
  const copy = structuredClone(workflow);
  for (const job of Object.values(copy.jobs)) {
    for (const step of job.steps) {
      if (/-artifact@/.test(step.uses ?? '')) step.uses = step.uses?.replace(/@.*/, '') ?? '';
      if (step.env) step.env = Object.fromEntries(Object.keys(step.env).map((name) => [name, '']));
    }
  }
  return copy;
}

/** Gives what is wrong with a command, or null. */
function missing(run: string): string | null {
  if (run.includes('${{')) return 'an expression in a script is code from outside';
  if (run.includes('\n')) return 'more than a line belongs in a script of its own';
  const [program, ...rest] = run.split(' ');
  if (program === 'npm' && rest[0] === 'run') return scripts[rest[1] ?? ''] ? null : 'no such npm script';
  if (program === 'node' || program === 'bash')
    return existsSync(join(root, rest[0] ?? '')) ? null : 'no such file';
  return 'not a script of ours';
}
