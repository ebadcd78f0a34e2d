// Many clients and upstreams that do everything they may, and some things they may not, at random. What must hold: an
// answer that a client has whole is the one to its own request, in order; a connection that ends before an answer was cut
// by the upstream; a POST reaches an upstream once; and in the end nothing is left.
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, type Message, open, theValue } from './client.ts';
import { startEdgeDoor } from './start.ts';
import { head } from './suite/use-server.ts';
import { type Asked, startUpstream, type Upstream } from './upstream.ts';

export interface StressOptions {
  seed: number;
  /** How long requests are sent. */
  milliseconds: number;
  clients: number;
  /** Share of POSTs whose body is in chunks: their connections are handed over. */
  foreign: number;
}

/** What has been seen. */
export interface Tally {
  connections: number;
  answers: Record<number, number>;
  /** Answers that were cut in their middle, as they should. */
  cuts: number;
  aborts: number;
  halves: number;
  handedOver: number;
  /** Of the server, that nobody expects. */
  wrong: string[];
}

type Random = () => number;

function createRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What an upstream tells about a request, at any length. */
const textOf = (id: string, body: string, length: number): string => {
  const line = `[${id} ${body.length}]`;
  return line.repeat(Math.ceil(Math.max(1, length) / line.length));
};

interface Ground {
  random: Random;
  /** Ids of requests whose answer was broken off. */
  cut: Set<string>;
  /** How long the bodies of a request were. */
  lengths: Map<string, number[]>;
  /** How often an upstream had each POST. */
  posts: Map<string, number>;
  wrong: string[];
}

/** Writes the text in pieces; settles when it is written, or the socket is gone. */
async function write(socket: Socket, text: string, { random }: Ground): Promise<void> {
  const least = text.length < 400 && random() < 0.2 ? 1 : Math.ceil(text.length / 100);
  const size = random() < 0.5 ? text.length : Math.max(least, Math.floor(least * random() * 20));
  for (let at = 0; at < text.length && !socket.destroyed; at += size) {
    const taken = socket.write(text.slice(at, at + size), 'latin1');
    if (at + size >= text.length) return; // the next request may be here before anything else
    if (!taken)
      await Promise.race([new Promise((resolve) => socket.once('drain', resolve).once('close', resolve))]);
    else await new Promise((resolve) => setImmediate(resolve));
  }
}

async function answer(socket: Socket, asked: Asked, ground: Ground): Promise<void> {
  const { random, cut } = ground;
  const id = /\d+/.exec(asked.target)![0];
  if (random() < 0.3) await sleep(random() * 15);
  const fault = random();
  if (fault < 0.02) {
    socket.resetAndDestroy();
    return;
  }
  if (fault < 0.04) {
    socket.end();
    return;
  }
  if (fault < 0.05) {
    socket.write('HTTP/1.1 2OO fine\r\n\r\n');
    return;
  }
  let text = '';
  if (random() < 0.1)
    text += 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(1 + Math.floor(random() * 3));
  const kind = random();
  const length =
    kind < 0.02 ? 1_500_000 : kind < 0.1 ? 200_000 : kind < 0.3 ? 20_000 : Math.floor(random() * 300);
  const body = textOf(id, asked.body.toString('latin1'), length);
  const framing = Math.floor(random() * 3);
  const status = random() < 0.05 ? 204 : random() < 0.05 ? 304 : random() < 0.1 ? 404 : 200;
  const bodiless = asked.method === 'HEAD' || status === 204 || status === 304;
  const closes = framing === 2 || random() < 0.1;
  text += `HTTP/1.1 ${status} ok\r\nX-Id: ${id}\r\nConnection: ${closes ? 'close, X-Hop' : 'keep-alive, x-hop'}\r\nX-Hop: a\r\n`;
  if (framing === 0 && status !== 204) text += `Content-Length: ${body.length}\r\n`;
  if (framing === 1 && status !== 204) text += 'Transfer-Encoding: chunked\r\n';
  text += '\r\n';
  const start = text.length;
  if (!bodiless && framing === 1) {
    for (let at = 0; at < body.length; ) {
      const size = Math.min(body.length - at, 1 + Math.floor(random() * 70_000));
      text += `${size.toString(16)}${random() < 0.1 ? ';a=b' : ''}\r\n${body.slice(at, at + size)}\r\n`;
      at += size;
    }
    text += random() < 0.2 ? '0\r\nX-Trailer: a\r\n\r\n' : '0\r\n\r\n';
  } else if (!bodiless) text += body;
  if (fault < 0.08 && !bodiless && framing !== 2) {
    // Broken off: at the head's end, or somewhere in the body.
    cut.add(id);
    await write(socket, text.slice(0, start + Math.floor(random() * (text.length - start))), ground);
    if (random() < 0.5) socket.resetAndDestroy();
    else socket.end();
    return;
  }
  ground.lengths.set(id, [...(ground.lengths.get(id) ?? []), body.length]);
  if (fault < 0.1 && text.length < 2000 && !closes) {
    // With its last bytes: what comes later can't be told from the next answer.
    socket.write(`${text}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray`, 'latin1');
  } else await write(socket, text, ground);
  if (closes || (fault > 0.95 && random() < 0.5)) socket.end();
}

function serve(upstream: Upstream, ground: Ground): void {
  const busy = new Set<Socket>();
  upstream.onRequest = (socket, asked) => {
    upstream.requests.length = 0;
    if (busy.has(socket)) ground.wrong.push(`${asked.target} before the answer to another`);
    busy.add(socket);
    const id = /\d+/.exec(asked.target)![0];
    if (asked.method === 'POST') {
      const times = (ground.posts.get(id) ?? 0) + 1;
      ground.posts.set(id, times);
      if (times > 1) ground.wrong.push(`${id} was posted ${times} times`);
      if (asked.body.toString('latin1') !== bodyOf(id)) ground.wrong.push(`${id} has another body`);
    }
    answer(socket, asked, ground).finally(() => busy.delete(socket));
  };
}

const bodyOf = (id: string): string => `(${id})`.repeat(Number(id) % 90);

/** What is wrong with an answer; «»: nothing. */
function complaint(
  id: string,
  target: string,
  method: string,
  { status, body, fields }: Message,
  { lengths }: Ground,
): string {
  const text = body.toString('latin1');
  if (target.startsWith('/lib'))
    return status === 200 && (method !== 'GET' || text === `${target}\n`) ? '' : text;
  if (status >= 500)
    return /^50[2]$/.test(String(status)) && !fields.some(([name]) => name === 'X-Id') ? '' : `${status}`;
  if (theValue({ fields }, 'x-id') !== id) return `it has ${theValue({ fields }, 'x-id')}`;
  if (fields.some(([name]) => name.toLowerCase() === 'x-hop')) return 'X-Hop';
  if (method === 'HEAD' || status === 204 || status === 304) return text === '' ? '' : 'a body';
  if (!lengths.get(id)?.includes(text.length)) return `${text.length} bytes, not ${lengths.get(id)}`;
  const sent = method === 'POST' ? bodyOf(id) : '';
  return text === textOf(id, sent, text.length) ? '' : `a body of another, ${text.slice(0, 100)}`;
}

export async function stress({ seed, milliseconds, clients, foreign }: StressOptions): Promise<Tally> {
  const random = createRandom(seed);
  const tally: Tally = {
    connections: 0,
    answers: {},
    cuts: 0,
    aborts: 0,
    halves: 0,
    handedOver: 0,
    wrong: [],
  };
  const ground: Ground = { random, cut: new Set(), lengths: new Map(), posts: new Map(), wrong: tally.wrong };
  const upstreams = await Promise.all([startUpstream(), startUpstream(), startUpstream()]);
  for (const upstream of upstreams) serve(upstream, ground);
  const targets = upstreams.map(({ url }) => url).join(' ');
  const calm = 'eject_after = 1000\npanic_threshold = 100%\n';
  const server = await startEdgeDoor({
    routes: `/a = ${targets}\n/b = ${targets}\n/c = ${targets}\n/lib = ./lib.so\n[/a]\n${calm}[/b]\n${calm}retries = 0\n[/c]\n${calm}retries = 3\nset_response_header = X-Set: a\nhost = upstream\n`,
  });
  const ends = performance.now() + milliseconds;
  let next = 1;
  const waiting = new Set<string>();

  async function visit(): Promise<void> {
    const client: Client = await open(server.port);
    client.socket.on('error', () => {});
    tally.connections += 1;
    const history: string[] = [];
    let aborted = false;
    let half = false;
    let last = false;
    while (performance.now() < ends && !half && !last) {
      const batch: { id: string; target: string; method: string }[] = [];
      let text = '';
      const count = random() < 0.4 ? 1 : 1 + Math.floor(random() * 8);
      for (let i = 0; i < count; i++) {
        const id = String(next++);
        const method = random() < 0.25 ? 'POST' : random() < 0.1 ? 'HEAD' : 'GET';
        const route = random() < 0.15 ? 'lib' : 'abc'[Math.floor(random() * 3)];
        const target = `/${route}/${id}`;
        const fields: string[] = [];
        if (i === count - 1 && random() < 0.05) {
          last = true;
          fields.push('Connection: close');
        }
        const body = method === 'POST' ? bodyOf(id) : '';
        if (method === 'POST' && random() < foreign) {
          const chunk = body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`;
          text += `${head(method, target, 'Transfer-Encoding: chunked', ...fields)}${chunk}0\r\n\r\n`;
        } else {
          if (method === 'POST') fields.push(`Content-Length: ${body.length}`);
          text += head(method, target, ...fields) + body;
        }
        batch.push({ id, target, method });
      }
      if (random() < 0.1) {
        const at = Math.floor(random() * text.length);
        client.send(text.slice(0, at));
        await sleep(random() * 5);
        client.send(text.slice(at));
      } else client.send(text);
      const mood = random();
      if (mood < 0.05) {
        half = true;
        tally.halves += 1;
        client.half();
      } else if (mood < 0.1) {
        setTimeout(() => {
          aborted = true;
          client.reset();
        }, random() * 20);
      } else if (mood < 0.2) {
        client.socket.pause();
        setTimeout(() => client.socket.resume(), random() * 150);
      }
      for (const { id, target, method } of batch) {
        waiting.add(`${method} ${target}`);
        try {
          let message = await client.message({ head: method === 'HEAD' });
          while (message.status < 200) message = await client.message({ head: method === 'HEAD' });
          tally.answers[message.status] = (tally.answers[message.status] ?? 0) + 1;
          history.push(
            `${method} ${target} ${message.status}${message.fields.some(([n, v]) => n === 'connection' && v === 'close') ? ' close' : ''}`,
          );
          const wrong = complaint(id, target, method, message, ground);
          if (wrong) tally.wrong.push(`${method} ${target}: ${wrong}`);
        } catch (error) {
          if (aborted) tally.aborts += 1;
          else if (ground.cut.has(id) && String(error).includes('closed')) tally.cuts += 1;
          else tally.wrong.push(`${method} ${target}: ${error}, after ${history.slice(-8).join(', ')}`);
          return;
        } finally {
          waiting.delete(`${method} ${target}`);
        }
      }
      if (aborted) return;
    }
    client.half();
    const rest = await client.closed();
    if (!aborted && rest !== '') tally.wrong.push(`more than answers: ${rest.slice(0, 200)}`);
  }

  async function live(): Promise<void> {
    while (performance.now() < ends) await visit();
  }

  const done = Promise.all(Array.from({ length: clients }, live));
  const late = sleep(milliseconds + 15_000).then(() => 'late');
  if ((await Promise.race([done, late])) === 'late')
    tally.wrong.push(`no answer: ${[...waiting].slice(0, 20).join(', ')}`);

  const left = (): string => JSON.stringify(server.held());
  const nothing = JSON.stringify({ calls: 0, inFlight: 0, bytes: 0 });
  for (let i = 0; i < 100; i++) {
    server.trim();
    if (left() === nothing) break;
    await sleep(50);
  }
  if (left() !== nothing) tally.wrong.push(`held in the end: ${left()}`);
  tally.handedOver = server.edge().handedOver;
  const closing = performance.now();
  await server.close(10_000);
  if (performance.now() - closing > 5000) tally.wrong.push('it did not close by itself');
  // Those of node:http end by their time.
  const isOpen = () =>
    tally.handedOver === 0 && upstreams.some(({ connections }) => connections.some(({ closed }) => !closed));
  for (let i = 0; i < 100 && isOpen(); i++) await sleep(50);
  if (isOpen()) tally.wrong.push('connections to upstreams are left');
  await Promise.all(upstreams.map((upstream) => upstream.close()));
  for (const fault of server.faults) if (/\bat \w+.*\.ts:\d+/.test(fault)) tally.wrong.push(fault);
  return tally;
}
