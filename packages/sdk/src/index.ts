// What the `flexilib` command does for authors.
import { buildCommand, testCommand } from './build-command.ts';
import { devCommand } from './dev/command.ts';
import { inspectCommand } from './inspect/command.ts';
import { invoke } from './invoke/invoke.ts';
import type { Verbs } from './run.ts';

export { run } from './run.ts';

export const verbs: Verbs = {
  build: buildCommand,
  dev: devCommand,
  inspect: inspectCommand,
  invoke,
  test: testCommand,
};
