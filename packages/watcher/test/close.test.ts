import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { SETTLE, setScene } from './scene.ts';

/** What this process holds open: descriptors, inotify watches (where the system tells) and what Node counts. */
function open(): string[] {
  const folder = '/proc/self/fdinfo';
  const files = existsSync(folder)
    ? readdirSync(folder).filter((name) => existsSync(`${folder}/${name}`))
    : [];
  const watches = files.flatMap(
    (name) => readFileSync(`${folder}/${name}`, 'utf8').match(/^inotify wd/gm) ?? [],
  );
  return [...files, ...watches, ...process.getActiveResourcesInfo()];
}

test('close leaves nothing open, whatever is under way, and nothing comes after it', async (context) => {
  // Node opens its one inotify descriptor with the first watcher and keeps it.
  watch(import.meta.dirname).close();
  await sleep(0);
  const before = open().length;
  const [started, cleared] = [vi.spyOn(globalThis, 'setInterval'), vi.spyOn(globalThis, 'clearInterval')];
  const scene = setScene(context);
  for (const name of ['a.so', 'b.so', 'c/d.so']) scene.watcher.watch(scene.at(name), null);
  scene.write('a.so', 'bytes');
  await sleep(2 * SETTLE);
  scene.write('b.so', 'bytes');
  await sleep(SETTLE / 2);
  expect(open().length).toBeGreaterThan(before);
  await scene.watcher.close();
  scene.events.length = 0;
  expect(open().length).toBeLessThanOrEqual(before);
  expect(cleared.mock.calls.flat()).toContain(started.mock.results[0]?.value);
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
