import { afterEach, expect, it } from 'vitest';
import { build, endScenes, modes, openScene } from './support/scene.ts';

afterEach(endScenes);

const crashes = build('crashes.c');
const garbage = build('garbage.c');

it.each(modes)('F6 returns NULL: %s', async (mode) => {
  const scene = await openScene({ mode, library: crashes, routes: ['/null'] });
  const { pid } = scene.server;
  for (let i = 0; i < 10; i++) expect((await scene.get('/null')).status).toBe(500);
  await scene.line(/^error: .*lib.so: .*GET \/null: .*NULL/);
  await scene.pass();
  expect(scene.server.pid).toBe(pid); // it is no crash
});

const CRASHES = 502;
const REFUSED = 500;
const EITHER = 0;
const lies: Record<string, number> = {
  '/response': CRASHES,
  '/body': CRASHES,
  '/far': CRASHES,
  '/headers': CRASHES,
  '/no-name': CRASHES,
  '/no-value': CRASHES,
  '/reason': CRASHES,
  '/length': REFUSED,
  '/count': REFUSED,
  '/long-name': REFUSED,
  '/long-value': REFUSED,
  '/status': REFUSED,
  '/status-99': REFUSED,
  '/long-reason': REFUSED,
  // What lies behind decides.
  '/more': EITHER,
  '/far-value': EITHER,
};

it.each(modes)('F7 garbage pointers, lengths, header counts, status: %s', async (mode) => {
  const scene = await openScene({ mode, library: garbage, routes: Object.keys(lies) });
  for (const [route, expected] of Object.entries(lies)) {
    const { status } = await scene.get(route);
    expect([route, [CRASHES, REFUSED]]).toEqual([route, expect.arrayContaining([status])]);
    if (expected !== EITHER) expect([route, status]).toEqual([route, expected]);
    await scene.line(new RegExp(`^error: ${scene.of(route)}: .*GET ${route}: `));
    expect((await scene.get(`${route}/fine`)).body.toString()).toBe('fine');
  }
  await scene.pass();
  expect(scene.lines(/^error: process/)).toEqual([]); // no crash that wasn't contained
});
