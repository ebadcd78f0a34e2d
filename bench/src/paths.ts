// Where things are.
import { realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here: string = dirname(fileURLToPath(import.meta.url));

export const bench: string = dirname(here);
export const root: string = dirname(bench);
/** What the peers are built into; ignored by git. */
export const built: string = join(bench, 'dist');
/** Configurations, logs and unsaved results of a run. */
export const scratch: string = join(built, 'run');
export const results: string = join(bench, 'results');
export const executor: string = join(built, 'libexecutor.so');
/** The project's own Node. */
export const node: string = realpathSync(join(root, 'node_modules/.bin/node'));
/** A copy of it, which runs FlexiLib and the JavaScript peers alike. This process runs the other one: it would share
 * its pages with theirs, and their PSS would come out too small. */
export const serverNode: string = join(built, 'node');
/** The server has the first core to itself, whatever loads it the last one. */
export const serverCore = 0;
export const loadCore: number = availableParallelism() - 1;
