import { existsSync, rmSync, utimesSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { type Scene, SETTLE, setScene, sha } from './scene.ts';

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

function watched(context: Parameters<typeof setScene>[0], options = {}): Scene {
  const scene = setScene(context, options);
  scene.watcher.watch(scene.at('a.so'), scene.write('a.so', 'the first'));
  return scene;
}

/** The events, without those for a file caught empty, between its truncation and its bytes. */
function written({ events }: Scene) {
  return events.filter(({ hash }) => hash !== sha(''));
}

describe.concurrent('storms', () => {
  test('replaced every 20 ms: reported once a second or oftener', async ({ expect, ...context }) => {
    const scene = watched(context);
    const { late, start } = await storm(scene, 20, 4000, (round) => scene.replace('a.so', `build ${round}`));
    expect(late).toBeLessThan(1000);
    const times = [start, ...scene.events.map(({ at }) => at)];
    const gaps = times.slice(1).map((at, index) => at - times[index]!);
    expect(gaps.length).toBeGreaterThanOrEqual(4);
    expect(Math.max(...gaps)).toBeLessThan(1000);
    expect(scene.problems).toEqual([]);
  });

  test('a hundred builds in ten seconds, of all kinds: never back, the last in time', async ({
    expect,
    ...context
  }) => {
    const scene = watched(context);
    const built: string[] = [];
    const { late } = await storm(scene, 100, 10_000, (round) => {
      if (round % 3 === 1) rmSync(scene.at('a.so'));
      const hash = (round % 3 === 0 ? scene.replace : scene.write)('a.so', `build ${round}`);
      built.push(hash);
      return hash;
    });
    expect(late).toBeLessThan(1000);
    const order = written(scene).map(({ hash }) => built.indexOf(hash));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).not.toContain(-1);
  }, 30_000);

  test('rewritten in place every 10 ms: told once, taken as it is after each maxWait', async ({
    expect,
    ...context
  }) => {
    const scene = watched(context, { maxWait: 600 });
    const { late } = await storm(scene, 10, 2500, (round) => scene.write('a.so', `build ${round}`));
    expect(late).toBeLessThan(1000);
    expect(scene.events.length).toBeGreaterThanOrEqual(3);
    expect(scene.events.length).toBeLessThanOrEqual(6);
    expect(scene.problems).toEqual(['is still being written after 600 ms; it is taken as it is']);
  });

  test('whatever is done to it, the last report is what it holds, and each is a change', async ({
    expect,
    ...context
  }) => {
    const act = fc.constantFrom('write', 'replace', 'remove', 'touch', 'link', 'wait', 'wait');
    const acts = fc.array(fc.tuple(act, fc.integer({ min: 0, max: 3 })), { minLength: 5, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(acts, async (steps) => {
        const scene = watched(context);
        let last = scene.write('a.so', 'the first');
        const held = [last];
        for (const [name, digit] of [...steps, ['write', 4] as const]) {
          const content = `build ${digit}`;
          if (name === 'remove') rmSync(scene.at('a.so'), { force: true });
          if (name === 'touch' && existsSync(scene.at('a.so'))) utimesSync(scene.at('a.so'), digit, digit);
          if (name === 'write') last = scene.write('a.so', content);
          if (name === 'replace') last = scene.replace('a.so', content);
          if (name === 'link') {
            last = scene.write(`elsewhere/${digit}`, content);
            scene.link('a.so', `elsewhere/${digit}`);
          }
          if (name === 'wait') await sleep(digit * SETTLE);
          if (last !== held.at(-1)) held.push(last);
        }
        await scene.until('the last bytes', () => scene.events.at(-1)?.hash === last);
        await scene.hashes(1);
        // In order, what was reported is a part of what the file held one after the other.
        let seen = 0;
        for (const { hash } of written(scene)) {
          seen = held.indexOf(hash, seen + 1);
          expect(seen).toBeGreaterThan(0);
        }
        expect(scene.events.at(-1)?.hash).toBe(last);
        await scene.watcher.close();
      }),
      { numRuns: 8 },
    );
  }, 60_000);
});
