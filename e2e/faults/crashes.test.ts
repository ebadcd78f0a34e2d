import { afterEach, expect, it } from 'vitest';
import { build, endScenes, modes, openScene } from './support/scene.ts';

afterEach(endScenes);

const library = build('crashes.c');

const crashes = [
  ['/segv', 'SIGSEGV at address 0x8 in segv'],
  ['/abrt', 'SIGABRT in .*, called from abrt'],
  ['/ill', 'SIGILL in ill'],
  ['/bus', 'SIGBUS at address 0x[0-9a-f]+ in bus'],
  ['/fpe', 'SIGFPE in (.*, called from )?fpe'],
] as const;

it.each(modes)('F1 SEGV, ABRT, ILL, BUS, FPE in handle_request: %s', async (mode) => {
  const scene = await openScene({ mode, library, routes: crashes.map(([route]) => route) });
  const { pid } = scene.server;
  for (const [route, report] of crashes) {
    for (let i = 0; i < 2; i++) {
      const [crash, fine] = await Promise.all([scene.get(route), scene.get(`${route}/fine`)]);
      expect([crash.status, fine.status, fine.body.toString()]).toEqual([502, 200, 'fine']);
    }
    // Signal, address, library, function.
    const told = `^error: ${scene.of(route)}: generation \\d, GET ${route}: crashed: ${report}\\+0x`;
    await scene.line(new RegExp(told));
  }
  await scene.line(new RegExp(`^warning: process ${pid} is replaced: it has contained a crash of .*lib.so`));
  await scene.replaced(pid);
  await scene.pass();
});

it.each(modes)('F2 stack overflow: %s', async (mode) => {
  const scene = await openScene({ mode, library, routes: ['/overflow'] });
  const { pid } = scene.server;
  for (let i = 0; i < 3; i++) {
    expect((await scene.get('/overflow')).status).toBe(502);
    expect((await scene.get('/overflow/fine')).body.toString()).toBe('fine');
  }
  await scene.line(/GET \/overflow: crashed: SIGSEGV at address 0x[0-9a-f]+ in deeper\+0x/);
  await scene.replaced(pid);
  await scene.pass();
});
