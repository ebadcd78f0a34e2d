// One of three upstreams dies under load, and comes back.
import { afterEach, expect, it } from 'vitest';
import { type Load, steadyLoad } from '../support/load.ts';
import { start, stopAll } from '../support/server.ts';
import { startUpstream, stopUpstreams, type Upstream } from '../support/upstream.ts';

const loads: Load[] = [];
afterEach(async () => {
  await Promise.all(loads.splice(0).map((load) => load.stop()));
  await stopAll();
  await stopUpstreams();
});

const CONNECTIONS = 16;

function loadOn(port: number, how: { content?: string } = {}): Load {
  // Each takes a moment, so that some are always with each upstream.
  const load = steadyLoad(port, { path: '/wait/2/steady', connections: CONNECTIONS, ...how });
  loads.push(load);
  return load;
}

/** Nothing but right answers. */
const faultless = ({ wrong, lost, refused }: Load) =>
  expect({ wrong: wrong.slice(0, 3), lost: lost.slice(0, 3), refused }).toEqual({
    wrong: [],
    lost: [],
    refused: [],
  });

it('one of three upstreams that is killed costs no GET, of the POSTs those that are with it', async () => {
  const upstreams = await Promise.all([startUpstream(), startUpstream(), startUpstream()]);
  const urls = upstreams.map(({ port }) => `http://127.0.0.1:${port}`).join(' ');
  const server = await start(`/ = ${urls}\n[/]\neject_time = 500ms\n`);
  const gets = loadOn(server.port);
  const posts = loadOn(server.port, { content: 'content' });
  const used = ({ count }: Upstream) =>
    expect.poll(count, { timeout: 15_000, interval: 100 }).toBeGreaterThan(100);

  for (let i = 0; i < upstreams.length; i++) {
    await Promise.all(upstreams.map(used));
    faultless(gets);
    faultless(posts);

    await upstreams[i].kill();
    await Promise.all([gets.more(2000), posts.more(2000)]);
    faultless(gets);
    // Each connection had at most one request under way.
    expect(posts.lost).toEqual([]);
    expect(posts.wrong.length).toBeLessThanOrEqual(CONNECTIONS);
    expect(posts.wrong.filter((answer) => !answer.startsWith('HTTP/1.1 502 '))).toEqual([]);
    posts.wrong.length = 0;

    upstreams[i] = await upstreams[i].again();
  }
  await Promise.all(upstreams.map(used));
  faultless(gets);
  faultless(posts);
  expect(server.stderr().filter((line) => /process \d+/.test(line))).toEqual([]); // it is the same all the time
});

it('all of them killed are 502 or 503, and right answers again when they are back', async () => {
  const upstreams = await Promise.all([startUpstream(), startUpstream()]);
  const urls = upstreams.map(({ port }) => `http://127.0.0.1:${port}`).join(' ');
  const server = await start(`/ = ${urls}\n[/]\neject_time = 200ms\n`);
  const gets = loadOn(server.port);
  await gets.more(1000);
  await Promise.all(upstreams.map(({ kill }) => kill()));
  await expect.poll(() => gets.wrong.length, { timeout: 10_000 }).toBeGreaterThan(100);
  const again = await Promise.all(upstreams.map((upstream) => upstream.again()));
  await Promise.all(
    again.map(({ count }) => expect.poll(count, { timeout: 15_000, interval: 100 }).toBeGreaterThan(100)),
  );
  expect(gets.lost).toEqual([]);
  expect(gets.wrong.filter((answer) => !/^HTTP\/1\.1 50[23] /.test(answer))).toEqual([]);
  const { length } = gets.wrong;
  await gets.more(2000);
  expect(gets.wrong).toHaveLength(length);
});
