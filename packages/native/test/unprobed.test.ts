import { expect, it } from 'vitest';
import { type ExecutorLog, type Library, startRuntime } from '../src/index.ts';
import { buildLibrary } from './build.ts';

const library = buildLibrary('flexilib_response *handle_request(flexilib_request *r) { (void)r; return 0; }');

it.each([
  ['isn’t there', '/nowhere/flexilib-probe', 2],
  ['may not be executed', '/dev/null', 13],
  ['ends before it has begun', '/bin/true', 8],
])('loads libraries where the probe %s, and says so once', async (_what, probe, errno) => {
  const logs: ExecutorLog[] = [];
  const onLog = (line: ExecutorLog) => logs.push(line);
  const runtime = startRuntime({ threads: 1, arenaReserve: 8192, probe, onLog, onDamage() {} });
  for (let id = 1; id <= 2; id++) {
    const loaded = await runtime.load(library, id);
    expect(loaded).toMatchObject({ id });
    expect(await runtime.unload(loaded as Library)).toEqual({ stillMapped: false, threads: 0, crash: null });
  }
  runtime.stop();
  const text = `${probe} can't be run (errno ${errno}): libraries are loaded untried`;
  expect(logs).toEqual([{ library: -1, level: 1, text, dropped: 0 }]);
});
