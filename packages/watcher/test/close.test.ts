import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SETTLE, setScene } from './scene.ts';

/** The inotify watches of this process; none where the system doesn't tell. */
function watches(): string[] {
  const folder = '/proc/self/fdinfo';
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((name) => existsSync(`${folder}/${name}`));
  return files.flatMap((name) => readFileSync(`${folder}/${name}`, 'utf8').match(/^inotify wd/gm) ?? []);
}

test('close leaves nothing open, whatever is under way, and nothing comes after it', async (context) => {
  const before = [...process.getActiveResourcesInfo(), ...watches()].length;
  const scene = setScene(context);
  for (const name of ['a.so', 'b.so', 'c/d.so']) scene.watcher.watch(scene.at(name), null);
  scene.write('a.so', 'bytes');
  await sleep(2 * SETTLE);
  scene.write('b.so', 'bytes');
  await sleep(SETTLE / 2);
  if (process.platform === 'linux') expect(watches().length).toBeGreaterThan(0);
  await scene.watcher.close();
  scene.events.length = 0;
  expect([...process.getActiveResourcesInfo(), ...watches()].length).toBeLessThanOrEqual(before);
  scene.write('a.so', 'more bytes');
  expect(await scene.hashes(0)).toEqual([]);
  expect(() => scene.watcher.watch(scene.at('a.so'), null)).toThrow('closed');
  scene.watcher.known(scene.at('a.so'), '');
  scene.watcher.unwatch(scene.at('a.so'));
  await scene.watcher.close();
});

test('a watcher keeps no process alive, closed or not', (context) => {
  const scene = setScene(context);
  scene.write('a.so', 'bytes');
  const program = scene.at('program.mts');
  const watcher = JSON.stringify(import.meta.resolve('../src/index.ts'));
  writeFileSync(
    program,
    `import { createWatcher } from ${watcher};
     const watcher = createWatcher({ onChange: () => {}, onProblem: () => {} });
     watcher.watch(${JSON.stringify(scene.at('a.so'))}, null);
     await new Promise((done) => setTimeout(done, 300));
     if (process.argv[2] === 'close') await watcher.close();`,
  );
  for (const how of ['close', 'leave']) {
    execFileSync(process.execPath, [program, how], { timeout: 20_000, stdio: 'pipe' });
  }
});
