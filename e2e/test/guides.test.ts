// Every command of what authors read is run, every block of code compiled, and what is printed compared
// (support/guide). Each is followed in an empty folder, with the machine's own Node, as a reader would.
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, it } from 'vitest';
import { follow, has } from '../support/guide/follow.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { freePort, temporaryFolder } from '../support/server.ts';

const root = join(import.meta.dirname, '../..');

/** Without this repository's own commands. */
const PATH = process.env
  .PATH!.split(delimiter)
  .filter((place) => !place.endsWith('node_modules/.bin'))
  .join(delimiter);

const guides: readonly [guide: string, ...needs: string[]][] = [
  ['docs/guide-c.md'],
  ['docs/guide-zig.md'],
  ['docs/guide-rust.md', 'cargo'],
  ['docs/executors.md'],
  ['docs/porting.md'],
  ['docs/dev.md'],
  ['README.md'],
];

let registry: Registry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry?.close());

it.each(guides)('%s does what it says', { timeout: 600_000 }, async (guide, ...needs) => {
  const missing = needs.filter((program) => !has(program));
  if (missing.length > 0) return console.log(`${guide}: skipped, ${missing} is not installed`);
  const skipped = await follow(join(root, guide), {
    folder: temporaryFolder(),
    port: await freePort(),
    // npm's question whether it may fetch create-flexilib-executor is answered as a reader would.
    env: { ...process.env, PATH, ...registry.env, npm_config_yes: 'true' },
  });
  for (const line of skipped) console.log(line);
});
