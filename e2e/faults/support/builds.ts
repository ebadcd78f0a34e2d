// A library of which new builds come, under load of its own beside the steady one of the scene: its answers must be
// those of a build, and never go back to an earlier one.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { keepAlive, text } from '../../support/client.ts';
import { answerOf, install, numbered } from '../../support/library.ts';
import type { Server } from '../../support/server.ts';
import { openScene, type Scene } from './scene.ts';

export interface Builds extends Omit<Scene, 'pass'> {
  /** The library's. */
  readonly path: string;
  /** Requests that the library has answered. */
  readonly answers: number;
  /** The gate: also of the library's own load. Build `next` is taken within a second. */
  pass(next: number): Promise<void>;
}

export async function openBuilds(first: Buffer): Promise<Builds> {
  const scene = await openScene({ mode: 'pool', library: first, routes: ['/built'] });
  const path = scene.of('/built');
  await expectAnswer(scene, 1);
  let ending = false;
  let answers = 0;
  const load = Promise.all(
    Array.from({ length: 4 }, async () => {
      const connection = await keepAlive(scene.server.port);
      for (let last = 1; !ending; answers++) {
        const { status, body } = await connection.get('/built');
        const build = Number(/^build-(\d{5})$/.exec(body)?.[1]);
        expect({ status, body, back: build < last }).toEqual({ status: 200, body, back: false });
        last = build;
      }
      connection.close();
    }),
  );
  load.catch(() => {}); // it is looked at in the end
  return {
    ...scene,
    path,
    get answers() {
      return answers;
    },
    async pass(next) {
      install(path, numbered()(next));
      await expectAnswer(scene, next);
      ending = true;
      await load;
      expect(answers).toBeGreaterThan(500);
      await scene.pass();
      expect(scene.lines(/process/)).toEqual([]);
    },
  };
}

export async function expectAnswer(
  { server }: { server: Server },
  build: number,
  within = 1000,
): Promise<void> {
  await expect
    .poll(() => text(server.port, '/built'), { timeout: within, interval: 5 })
    .toBe(answerOf(build));
}

/** In MiB. */
export function residentOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}
