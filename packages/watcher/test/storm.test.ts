import { rmSync, utimesSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Scene, SETTLE, setScene } from './scene.ts';

/** Does `act` every `every` ms for `long` ms. Gives the last hash, after it was reported, and how late that was. */
async function storm(scene: Scene, every: number, long: number, act: (round: number) => string) {
  const start = performance.now();
  let last = '';
  for (let round = 0; performance.now() - start < long; round++) {
    last = act(round);
    await sleep(every);
  }
  const end = performance.now();
  await scene.until('the last bytes', () => scene.events.at(-1)?.hash === last);
  const { at } = scene.events.at(-1)!;
  return { last, late: at - end, start };
}

function watched(options = {}): Scene {
  const scene = setScene(options);
  scene.watcher.watch(scene.at('a.so'), scene.write('a.so', 'the first'));
  return scene;
}

test('replaced every 20 ms: reported all along, at least once a second, and the last within one', async () => {
  const scene = watched();
  const { late, start } = await storm(scene, 20, 4000, (round) => scene.replace('a.so', `build ${round}`));
  expect(late).toBeLessThan(1000);
  const times = [start, ...scene.events.map(({ at }) => at)];
  const gaps = times.slice(1).map((at, index) => at - times[index]!);
  expect(gaps.length).toBeGreaterThanOrEqual(4);
  expect(Math.max(...gaps)).toBeLessThan(1000);
  expect(scene.problems).toEqual([]);
});

test('a hundred builds in ten seconds, of all kinds: none but what was built, never back, the last in time', async () => {
  const scene = watched();
  const built: string[] = [];
  const { late } = await storm(scene, 100, 10_000, (round) => {
    if (round % 3 === 1) rmSync(scene.at('a.so'));
    const hash = (round % 3 === 0 ? scene.replace : scene.write)('a.so', `build ${round}`);
    built.push(hash);
    return hash;
  });
  expect(late).toBeLessThan(1000);
  const order = scene.events.map(({ hash }) => built.indexOf(hash));
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(order).not.toContain(-1);
}, 30_000);

test('rewritten in place every 10 ms: after maxWait it is told once and taken as it is, again and again', async () => {
  const scene = watched({ maxWait: 600 });
  const { late } = await storm(scene, 10, 2500, (round) => scene.write('a.so', `build ${round}`));
  expect(late).toBeLessThan(1000);
  expect(scene.events.length).toBeGreaterThanOrEqual(3);
  expect(scene.events.length).toBeLessThanOrEqual(6);
  expect(scene.problems).toEqual(['is still being written after 600 ms; it is taken as it is']);
});

test('whatever is done to it, the last report is what it holds, and nothing is reported without a change', async () => {
  const act = fc.constantFrom('write', 'replace', 'remove', 'touch', 'link', 'wait', 'wait');
  const acts = fc.array(fc.tuple(act, fc.integer({ min: 0, max: 3 })), { minLength: 5, maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(acts, async (steps) => {
      const scene = watched();
      let changes = 1;
      let present = true;
      let last = scene.write('a.so', 'the first');
      const first = last;
      for (const [name, digit] of [...steps, ['write', 4] as const]) {
        const content = `build ${digit}`;
        if (name === 'remove') rmSync(scene.at('a.so'), { force: true });
        if (name === 'touch' && present) utimesSync(scene.at('a.so'), digit, digit);
        if (name === 'write') last = scene.write('a.so', content);
        if (name === 'replace') last = scene.replace('a.so', content);
        if (name === 'link') {
          last = scene.write(`elsewhere/${digit}`, content);
          scene.link('a.so', `elsewhere/${digit}`);
        }
        if (name === 'wait') await sleep(digit * SETTLE);
        if (name === 'remove') present = false;
        if (['write', 'replace', 'link'].includes(name)) {
          changes++;
          present = true;
        }
      }
      const reported = await scene.hashes(last === first ? 0 : 1);
      expect(reported.at(-1)).toBe(last);
      expect(reported.length).toBeLessThanOrEqual(changes);
      expect(reported.filter((hash, index) => hash === (reported[index - 1] ?? first))).toEqual([]);
      await scene.watcher.close();
    }),
    { numRuns: 8 },
  );
}, 60_000);
