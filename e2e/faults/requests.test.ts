// Requests that are fine, however they come.
import { afterEach, expect, it } from 'vitest';
import { answersIn, exchange, opened } from './support/raw.ts';
import { endSites, obedient, openSite } from './support/site.ts';

afterEach(endSites);

const library = obedient();
const routes = `/ = ${library}`;
const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const post = (fields: string, body: string) => `POST /echo HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}`;
const plain = (body: string) => post(`Content-Length: ${body.length}`, body);
const chunked = (body: string) =>
  post('Transfer-Encoding: chunked', `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);

const modes = ['pool', 'inline'];

it.each(modes)('F26 half-closed connections: %s', async (mode) => {
  const site = await openSite({ routes, sections: `[/]\nrun = ${mode}` });
  const { port } = site.server;
  const kinds: [string, string[]][] = [
    [get('/1'), ['/1\n']],
    [get('/sleep/50'), ['/sleep/50\n']],
    [plain('hello'), ['hello']],
    [chunked('hello'), ['hello']],
    [get('/1') + plain('hello') + chunked('world') + get('/2'), ['/1\n', 'hello', 'world', '/2\n']],
  ];
  for (let round = 0; round < 40; round++) {
    const some = kinds.map(async ([bytes, bodies]) => {
      const answers = answersIn(await exchange(port, bytes, { half: true }));
      expect(answers.map(({ status, body }) => [status, body])).toEqual(bodies.map((body) => [200, body]));
    });
    await Promise.all(some);
  }
  // The end of half a request is the end.
  for (const half of [get('/1').slice(0, 20), plain('hello').slice(0, -2), chunked('hello').slice(0, -5)])
    expect(
      answersIn(await exchange(port, half, { half: true })).filter(({ status }) => status < 400),
    ).toEqual([]);
  await site.pass();
});

it.each(modes)('F27 pipelining, 1 to 100 deep, mixed with bodies: %s', async (mode) => {
  const site = await openSite({ routes, sections: `[/]\nrun = ${mode}` });
  for (let depth = 1; depth <= 100; depth++) {
    let bytes = '';
    const bodies: string[] = [];
    for (let i = 0; i < depth; i++) {
      const body = `${depth}-${i}-${'b'.repeat((i * 37) % 3000)}`;
      // The first chunked one takes the connection to the other door: in some there is none, in some it comes late.
      const kind = Math.min((depth + i) % 5, depth % 2 || i < depth / 2 ? 3 : 4);
      bodies.push(kind < 3 ? `/${depth}/${i}\n` : body);
      bytes += kind < 3 ? get(`/${depth}/${i}`) : kind === 3 ? plain(body) : chunked(body);
    }
    const socket = await opened(site.server.port);
    let received = '';
    socket.on('data', (data) => {
      received += data.toString('latin1');
    });
    const ended = new Promise((resolve) => socket.once('end', resolve));
    // In pieces that end anywhere.
    const size = depth % 3 === 0 ? bytes.length : 1 + ((depth * 911) % 5000);
    for (let at = 0; at < bytes.length; at += size) {
      socket.write(bytes.slice(at, at + size), 'latin1');
      if (depth % 2) await new Promise(setImmediate);
    }
    socket.end();
    await ended;
    expect(answersIn(received).map(({ status, body }) => [status, body])).toEqual(
      bodies.map((body) => [200, body]),
    );
  }
  await site.pass();
});
