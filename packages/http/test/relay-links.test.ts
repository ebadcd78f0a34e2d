// Connections to upstreams: kept, closed by the other side, broken, spoiled.
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { ask, open } from './client.ts';
import { useRelay } from './relay.ts';
import { head } from './suite/use-server.ts';
import { answerOf } from './upstream.ts';

const relayed = useRelay();
const stray = answerOf('stray');

it('one connection serves one client’s requests one after the other, and another client’s', async () => {
  const before = relayed.upstream.connections.length;
  const client = await open(relayed.server.port);
  client.send(head('GET', '/1') + head('GET', '/2'));
  for (let i = 0; i < 2; i++) expect((await client.message()).body.toString()).toBe('hello');
  client.half();
  await ask(relayed.server.port, head('GET', '/3', 'Connection: close'));
  expect(relayed.upstream.requests.map(({ target }) => target)).toEqual(['/1', '/2', '/3']);
  expect(relayed.upstream.connections.length - before).toBeLessThanOrEqual(1);
});

it('bytes after an answer are nobody’s', async () => {
  relayed.upstream.onRequest = (socket) => void socket.write(answerOf('hello') + stray);
  const client = await open(relayed.server.port);
  client.send(head('GET', '/1') + head('GET', '/2'));
  for (let i = 0; i < 2; i++) expect((await client.message()).body.toString()).toBe('hello');
  client.half();
  expect(await client.closed()).toBe('');
});

it.each([
  ['a HEAD', () => head('HEAD', '/'), 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['a 204', () => head('GET', '/'), 'HTTP/1.1 204 No\r\n\r\nhello'],
  ['a 304', () => head('GET', '/'), 'HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\nhello'],
  [
    'chunks',
    () => head('GET', '/'),
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nhello',
  ],
])('bytes after the end of %s are nobody’s', async (_what, asked, answer) => {
  relayed.upstream.onRequest = (socket) => void socket.write(answer);
  const client = await open(relayed.server.port);
  const isHead = asked().startsWith('HEAD');
  for (let i = 0; i < 3; i++) {
    client.send(asked());
    await client.message({ head: isHead });
  }
  client.half();
  expect(await client.closed()).toBe('');
  expect(relayed.upstream.requests.length).toBe(3);
});

it('a connection that said something by itself is no use, even when a request is there at the same time', async () => {
  const client = await open(relayed.server.port);
  for (let i = 0; i < 10; i++) {
    await client.send(head('GET', `/${i}`)).message();
    const [socket] = relayed.upstream.connections.slice(-1);
    // Both are there when the server looks.
    client.send(head('GET', `/again/${i}`));
    socket.write(stray);
    expect((await client.message()).body.toString()).toBe('hello');
  }
  client.half();
});

it('a connection that has bytes left when its answer is read to the end, in as large a read as any, is no use', async () => {
  // Whatever the size of the reads is, one of these answers ends with one of them.
  const client = await open(relayed.server.port);
  for (const room of [94_192, 90_112, 94_208, 98_288]) {
    for (const answer of [answerOf('a'.repeat(room)).slice(0, room), answerOf('b'.repeat(2 * room))]) {
      const end = answer.indexOf('\r\n\r\n') + 4;
      const body = answer.slice(end);
      relayed.upstream.onRequest = (socket, { target }) => {
        if (target !== '/large') socket.write(answerOf('hello'));
        else socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}${stray}`);
      };
      client.send(head('GET', '/large') + head('GET', '/small'));
      expect((await client.message()).body.length).toBe(body.length);
      expect((await client.message()).body.toString()).toBe('hello');
    }
  }
  client.half();
});

it('an idle connection that the upstream has closed costs nobody anything', async () => {
  const client = await open(relayed.server.port);
  for (const method of ['GET', 'POST', 'GET', 'POST']) {
    expect((await client.send(head(method, '/')).message()).status).toBe(200);
    const open = relayed.upstream.connections.filter(({ closed }) => !closed);
    for (const socket of open) socket.end();
    await Promise.all(open.map((socket) => once(socket, 'close')));
  }
  client.half();
  expect(relayed.server.faults).toEqual([]);
  expect(relayed.upstream.requests.length).toBe(4);
});

it('an idle connection that the upstream closes as a request arrives: a GET goes to a fresh one', async () => {
  const client = await open(relayed.server.port);
  relayed.upstream.onRequest = (socket, { target }) => {
    if (target === '/close') socket.end();
    else socket.write(answerOf('hello'));
  };
  for (let i = 0; i < 5; i++) {
    expect((await client.send(head('GET', '/')).message()).status).toBe(200);
    relayed.upstream.onRequest = (socket) => {
      relayed.upstream.onRequest = (socket) => void socket.write(answerOf('hello'));
      socket.destroy();
    };
    expect((await client.send(head('GET', '/close')).message()).body.toString()).toBe('hello');
  }
  client.half();
  expect(relayed.server.faults).toEqual([]);
});

it('but no POST, that may have done something', async () => {
  const client = await open(relayed.server.port);
  expect((await client.send(head('GET', '/')).message()).status).toBe(200);
  relayed.upstream.onRequest = (socket) => void socket.destroy();
  expect((await client.send(head('POST', '/', 'Content-Length: 0')).message()).status).toBe(502);
  client.half();
  expect(relayed.upstream.requests.length).toBe(2);
  expect(relayed.server.faults.length).toBe(1);
});

it.each([['Connection: close'], ['Keep-Alive: timeout=0'], ['Keep-Alive: timeout=1']])(
  'a connection is not kept after %s',
  async (field) => {
    relayed.upstream.onRequest = (socket) => void socket.write(answerOf('hello', field));
    const client = await open(relayed.server.port);
    const before = relayed.upstream.connections.length;
    for (let i = 0; i < 3; i++) await client.send(head('GET', '/')).message();
    client.half();
    expect(relayed.upstream.connections.length - before).toBeGreaterThanOrEqual(2);
  },
);

it('a connection is closed before the upstream does, when that says how long it keeps it', async () => {
  relayed.upstream.onRequest = (socket) => void socket.write(answerOf('hello', 'Keep-Alive: timeout=2'));
  await ask(relayed.server.port, head('GET', '/', 'Connection: close')).catch(() => {});
  const begun = performance.now();
  const [socket] = relayed.upstream.connections.slice(-1);
  await new Promise((resolve) => socket.once('end', resolve));
  expect(performance.now() - begun).toBeGreaterThan(700);
});

it('an answer that comes before the request was taken is passed on, whatever becomes of the rest', async () => {
  relayed.upstream.onHead = (socket) => {
    socket.pause();
    socket.end(answerOf('early'));
  };
  const client = await open(relayed.server.port);
  for (let i = 0; i < 3; i++) {
    client.send(`${head('POST', '/', 'Content-Length: 20000')}${'a'.repeat(20_000)}`);
    expect((await client.message()).body.toString()).toBe('early');
  }
  client.half();
  for (const socket of relayed.upstream.connections) socket.destroy();
});
