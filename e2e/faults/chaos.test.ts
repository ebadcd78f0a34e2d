import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const main = join(import.meta.dirname, '../chaos/main.ts');

it('a little of everything at once: npm run chaos -- --seed 1', async () => {
  const child = spawn(process.execPath, [main, '--seed', '1', '--minutes', '0.3']);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      said += data;
    });
  const [code] = await once(child, 'close');
  expect([code, said]).toEqual([0, expect.stringContaining(' 0 violations')]);
});
