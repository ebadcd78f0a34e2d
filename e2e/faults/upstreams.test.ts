// Upstreams that refuse, reset, stall or lie: alone, where the client is told so, and beside a good one, which has what may be
// asked twice. Then they are good again, and nothing is left of it.
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { startUpstream, stopUpstreams } from '../support/upstream.ts';
import { answer, type Behaviour, good, type Liar, requestOf, startLiar } from './support/liar.ts';
import { exchange } from './support/raw.ts';
import { endSites, openSite, type Site } from './support/site.ts';

const liars: Liar[] = [];
afterEach(async () => {
  await endSites();
  await Promise.all(liars.splice(0).map((liar) => liar.close()));
  await stopUpstreams();
});

/** Requests of a kind. */
const COUNT = 20;
const GOOD = 1000;
/** The first, and the default of retries. */
const TRIES = 3;
const MEMORY = 8 << 20;

interface Outcome {
  status: number;
  /** Its end came where its framing says. */
  whole: boolean;
  body: string;
}

/** What a client makes of all that came until the end of the connection; interim answers don't count. */
function outcomeOf(received: string): Outcome {
  const final = received.replace(/^(?:HTTP\/1\.1 1\d\d .*?\r\n\r\n)+/s, '');
  const end = final.indexOf('\r\n\r\n') + 4;
  const head = final.slice(0, end);
  const body = final.slice(end);
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1];
  const whole = /\r\ntransfer-encoding: chunked\r\n/i.test(head)
    ? /(?:^|\r\n)0\r\n\r\n$/.test(body)
    : length !== undefined && body.length === Number(length);
  return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? 0), whole: end > 3 && whole, body };
}

interface Ground extends Site {
  liar: Liar;
  other: Liar;
  /** So many requests at a time to a route, each with a target of its own; every other one goes the complete way. */
  ask(method: string, route: string): Promise<Outcome[]>;
  /** Everything that a fault may have cost is back, and requests are answered. */
  healed(): Promise<void>;
}

/** Bytes of memory that are nobody else's. */
function memory(pid: number): number {
  const [, resident, shared] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ').map(Number);
  return (resident - shared) * 4096;
}

/** Who has the fault. */
interface Suspect {
  url: string;
  /** Closes the connections that nobody uses; missing: it never has any. */
  quiet?(): Promise<unknown>;
}

const HEAD_MS = 500;

/** suspect: missing, it is the liar. head: the time for an answer, in milliseconds. */
async function openGround(suspect?: Suspect, head = HEAD_MS): Promise<Ground> {
  const [liar, other] = [await startLiar(), await startLiar()];
  liars.push(liar, other);
  const url = suspect?.url ?? `http://127.0.0.1:${liar.port}`;
  const times = `connect_timeout = 300ms\nhead_timeout = ${head}ms\nidle_timeout = 500ms\neject_time = 100ms`;
  const site = await openSite({
    routes: `/alone = ${url}\n/pair = ${url} http://127.0.0.1:${other.port}`,
    // Out of the way of those that have it to themselves.
    sections: `[/alone]\n${times}\neject_after = 1000\n[/pair]\n${times}`,
  });
  const { server } = site;
  let made = 0;
  const one = async (method: string, route: string) => {
    made += 1;
    return outcomeOf(
      await exchange(server.port, requestOf(method, `${route}/${made}`, made % 2 === 0), { within: 10_000 }),
    );
  };
  const ask = (method: string, route: string) =>
    Promise.all(Array.from({ length: COUNT }, () => one(method, route)));

  const quiet = async () => {
    await suspect?.quiet?.();
    for (const { disconnect } of liars) disconnect();
    await sleep(200);
    return server.resources();
  };
  const routes = suspect && !suspect.quiet ? ['/pair'] : ['/alone', '/pair'];
  for (const route of routes) for (let i = 0; i < 10; i++) await ask('GET', route);
  const before = await quiet();
  const held = memory(server.pid);
  const { pid } = server;

  return {
    ...site,
    liar,
    other,
    ask,
    async healed() {
      await expect
        .poll(async () => (await one('GET', '/pair')).status, { timeout: 5000, interval: 20 })
        .toBe(200);
      for (const route of routes) {
        for (let i = 0; i < GOOD; i += COUNT)
          expect(await ask(i % 2 ? 'POST' : 'GET', route)).toEqual(
            Array(COUNT).fill({ status: 200, whole: true, body: 'steady' }),
          );
      }
      await site.pass();
      expect(server.pid).toBe(pid);
      await expect.poll(quiet, { timeout: 10_000, interval: 200 }).toEqual(before);
      await site.load.stop();
      await expect.poll(() => memory(pid), { timeout: 15_000, interval: 200 }).toBeLessThan(held + MEMORY);
    },
  };
}

const right = { status: 200, whole: true, body: 'steady' };

/** How often each of them is there. */
function timesOf(targets: string[]): number[] {
  const times = new Map<string, number>();
  for (const target of targets) times.set(target, (times.get(target) ?? 0) + 1);
  return [...times.values()];
}

/** No request of these was with both. */
function checkOnce({ liar, other }: Ground, from: number): void {
  const both = liar.seen.slice(from).filter((target) => other.seen.includes(target));
  expect(both).toEqual([]);
}

/** Where nothing was sent, all may be asked again. */
async function checkUnsent(ground: Ground, statuses: number[]): Promise<void> {
  for (const method of ['GET', 'POST']) {
    for (const { status } of await ground.ask(method, '/alone')) expect(statuses).toContain(status);
    expect(await ground.ask(method, '/pair')).toEqual(Array(COUNT).fill(right));
  }
}

it('F32 upstreams that refuse', async () => {
  const ground = await openGround();
  await ground.liar.behave(null);
  await checkUnsent(ground, [502]);
  await ground.liar.behave(good);
  await ground.healed();
});

it('F32 upstreams that have no address', async () => {
  const ground = await openGround({ url: 'http://nobody.invalid:80' });
  await checkUnsent(ground, [502, 504]);
  await ground.healed();
});

it('F32 upstreams that are slow to connect: their queue is full', async () => {
  const upstream = await startUpstream(0, 1);
  const ground = await openGround({ url: `http://127.0.0.1:${upstream.port}`, quiet: upstream.quiet }, 5000);
  process.kill(upstream.pid, 'SIGSTOP');
  const waiting: Socket[] = [];
  let connected = 0;
  for (let i = 0; i < 8; i++)
    waiting.push(connect(upstream.port, '127.0.0.1', () => (connected += 1)).on('error', () => {}));
  await sleep(300);
  expect(connected).toBeLessThan(waiting.length);
  await checkUnsent(ground, [504]);
  for (const socket of waiting) socket.destroy();
  process.kill(upstream.pid, 'SIGCONT');
  await expect.poll(() => upstream.count(), { timeout: 5000 }).toBeGreaterThanOrEqual(0);
  await ground.healed();
});

const say =
  (...lines: string[]): Behaviour =>
  (socket) =>
    void socket.write(lines.join('\r\n'), 'latin1');
/** Says it and ends. */
const sayLast =
  (...lines: string[]): Behaviour =>
  (socket) =>
    void socket.end(lines.join('\r\n'), 'latin1');
const ok = 'HTTP/1.1 200 OK';

/**
 * Nothing of an answer has come when it is over. A reset may be the connection's own fault, and is tried again; the time for an
 * answer is that of all tries, and who speaks no HTTP will speak none the next time.
 */
const before: [what: string, status: number[], tries: number, how: Behaviour][] = [
  ['stall before the answer', [504], 1, () => {}],
  ['stall within the head', [504], 1, say(ok, 'content-length: 6', '')],
  ['reset before the answer', [502], TRIES, (socket) => void socket.resetAndDestroy()],
  ['end before the answer', [502], TRIES, (socket) => void socket.end()],
  [
    'reset within the head',
    [502],
    TRIES,
    (socket) => void socket.write(`${ok}\r\ncontent-le`, () => socket.resetAndDestroy()),
  ],
  ['end within the head', [502], TRIES, sayLast(ok, 'content-le')],
  ['flood with 1xx', [502, 504], 1, flood],
  [
    'switch protocols unasked',
    [502],
    1,
    say('HTTP/1.1 101 Switching Protocols', 'upgrade: x', 'connection: upgrade', '', ''),
  ],
  ['speak no HTTP', [502], 1, sayLast('SSH-2.0-OpenSSH_9.2', '')],
  ['speak HTTP/2', [502], 1, sayLast('\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80')],
  ['answer with HTTP/0.9', [502], 1, sayLast('steady')],
  ['answer with another version', [502], 1, sayLast('HTTP/3.0 200 OK', 'content-length: 6', '', 'steady')],
  ['answer with status 99', [502], 1, sayLast('HTTP/1.1 99 No', 'content-length: 6', '', 'steady')],
  ['answer with two lengths', [502], 1, sayLast(ok, 'content-length: 6', 'content-length: 7', '', 'steady!')],
  ['answer with a signed length', [502], 1, sayLast(ok, 'content-length: +6', '', 'steady')],
  [
    'answer with a length and chunks',
    [502],
    1,
    sayLast(ok, 'content-length: 6', 'transfer-encoding: chunked', '', '0', '', ''),
  ],
  ['answer with a NUL', [502], 1, sayLast(ok, 'x: a\0b', 'content-length: 6', '', 'steady')],
  ['answer with a bare CR', [502], 1, sayLast(ok, 'x: a\rb: c', 'content-length: 6', '', 'steady')],
  ['answer with no colon', [502], 1, sayLast(ok, 'x', 'content-length: 6', '', 'steady')],
  ['answer with fields without end', [502], 1, sayLast(ok, `x: ${'a'.repeat(1 << 20)}`, '', 'steady')],
  [
    'answer with fields that are too many',
    [502],
    1,
    sayLast(ok, ...Array(100_000).fill('x: a'), '', 'steady'),
  ],
];

/** As fast as it is read. */
function flood(socket: Socket): void {
  const some = 'HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n'.repeat(100);
  const more = () => {
    while (!socket.destroyed && socket.write(some));
  };
  socket.on('drain', more);
  more();
}

it.each(before)('F32 upstreams that %s', async (_what, statuses, tries, how) => {
  const ground = await openGround();
  const { liar, other } = ground;
  await liar.behave(how);
  liar.seen.length = 0;
  for (const { status, whole } of await ground.ask('GET', '/alone')) {
    expect(statuses).toContain(status);
    expect(whole).toBe(true);
  }
  // Of both ways.
  expect(timesOf(liar.seen)).toEqual(Array(COUNT).fill(tries));
  for (const { status } of await ground.ask('GET', '/pair'))
    expect(tries > 1 ? [200] : [200, ...statuses]).toContain(status);
  expect(other.seen.length).toBeGreaterThan(0);

  // What was sent may have been done: it isn't asked for again.
  const from = liar.seen.length;
  for (const { status } of await ground.ask('POST', '/alone')) expect(statuses).toContain(status);
  for (const { status } of await ground.ask('POST', '/pair')) expect([200, ...statuses]).toContain(status);
  expect(new Set(liar.seen.slice(from)).size).toBe(liar.seen.length - from);
  checkOnce(ground, from);

  await liar.behave(good);
  await ground.healed();
});

const half = 'content-type: text/plain';
/** A part of an answer has come. */
const within: [what: string, how: Behaviour][] = [
  ['stall within the body', say(ok, half, 'content-length: 6', '', 'ste')],
  [
    'reset within the body',
    (socket) =>
      void socket.write(`${ok}\r\ncontent-length: 6\r\n\r\nste`, () =>
        setTimeout(() => socket.resetAndDestroy(), 20),
      ),
  ],
  ['end within the body', sayLast(ok, half, 'content-length: 6', '', 'ste')],
  ['end within the chunks', sayLast(ok, 'transfer-encoding: chunked', '', '3', 'ste', '')],
  ['end within a chunk', sayLast(ok, 'transfer-encoding: chunked', '', '6', 'ste')],
  ['end before the last chunk', sayLast(ok, 'transfer-encoding: chunked', '', '6', 'steady', '')],
  [
    'send garbage for a chunk',
    sayLast(ok, 'transfer-encoding: chunked', '', '3', 'ste', 'x', 'ady', '0', '', ''),
  ],
  ['stall within the chunks', say(ok, 'transfer-encoding: chunked', '', '3', 'ste', '')],
];

it.each(within)('F32 upstreams that %s', async (_what, how) => {
  const ground = await openGround();
  await ground.liar.behave(how);
  for (const method of ['GET', 'POST']) {
    for (const route of ['/alone', '/pair']) {
      for (const outcome of await ground.ask(method, route)) {
        // Whoever took half of it for all would be wrong.
        if (outcome.status === 200 && outcome.whole) expect([route, outcome]).toEqual(['/pair', right]);
        else expect([200, 502, 504]).toContain(outcome.status);
      }
    }
  }
  await ground.liar.behave(good);
  await ground.healed();
});

/** What is said on a connection after its first answer, or instead of the second. */
const kept: [what: string, how: Behaviour][] = [
  [
    'reset a kept connection at its second request',
    (socket, nth) => (nth > 1 ? void socket.resetAndDestroy() : good(socket, nth)),
  ],
  [
    'end a kept connection at its second request',
    (socket, nth) => (nth > 1 ? void socket.end() : good(socket, nth)),
  ],
  [
    'end a connection after an answer, unsaid',
    (socket, nth) => {
      good(socket, nth);
      socket.end();
    },
  ],
  [
    'say more than their answer',
    (socket) => void socket.write(`${answer}HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\npoisoned`),
  ],
];

it.each(kept)('F32 upstreams that %s', async (_what, how) => {
  const ground = await openGround();
  const { liar } = ground;
  await liar.behave(how);
  for (const route of ['/alone', '/pair'])
    for (let i = 0; i < 10; i++) expect(await ground.ask('GET', route)).toEqual(Array(COUNT).fill(right));
  const from = liar.seen.length;
  for (const route of ['/alone', '/pair'])
    for (const outcome of await ground.ask('POST', route))
      if (outcome.status !== 502) expect(outcome).toEqual(right);
  expect(new Set(liar.seen.slice(from)).size).toBe(liar.seen.length - from);
  checkOnce(ground, from);
  await liar.behave(good);
  await ground.healed();
});
