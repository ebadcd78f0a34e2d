// Heads that are too long: 414 for the target, 431 for the fields.
import { setImmediate as tick } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ask, type Client, open } from '../client.ts';
import type { StartServer } from './served.ts';
import { countCalls, head, logged, useServer } from './use-server.ts';

const target = (length: number) => head('GET', `/${'a'.repeat(length - 1)}`);
/** That many fields, Host included. */
const fields = (count: number) =>
  head('GET', '/', ...Array.from({ length: count - 1 }, (_, i) => `X-${i}: a`));
/** Fields of that many bytes, their ends included: Host takes 9 of them, the name and its surroundings 5. */
const value = (bytes: number) => head('GET', '/', `X: ${'a '.repeat(bytes).slice(0, bytes - 9 - 6)}b`);

const tooLong = (status: number, phrase: string) =>
  `HTTP/1.1 ${status} ${phrase}\r\ncontent-type: text/plain\r\ncontent-length: ${phrase.length + 1}\r\n` +
  `date: DATE\r\nconnection: close\r\n\r\n${phrase}\n`;
const expected: Record<number, string> = {
  414: tooLong(414, 'URI Too Long'),
  431: tooLong(431, 'Request Header Fields Too Large'),
};

async function inPieces(client: Client, text: string, size: number): Promise<void> {
  for (let at = 0; at < text.length; at += size) {
    client.send(text.slice(at, at + size));
    await tick();
  }
}

export function limits(start: StartServer): void {
  const server = useServer(start);

  it.each([
    ['a target of 8 KiB', target(8192)],
    ['100 fields', fields(100)],
    ['fields of 16 KiB', value(16_384)],
  ])('takes %s', async (_what, request) => {
    expect((await ask(server.port, request)).status).toBe(200);
  });

  const cases: [what: string, status: number, request: string][] = [
    ['a target of a byte more', 414, target(8193)],
    ['a target of 60 KiB', 414, target(60_000)],
    ['a target without end', 414, target(200_000)],
    ['101 fields', 431, fields(101)],
    ['5000 fields', 431, fields(5000)],
    ['fields of a byte more than 16 KiB', 431, value(16_385)],
    ['a field without end', 431, value(200_000)],
    [
      'long target, long fields',
      414,
      target(9000).replace('\r\n\r\n', `\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`),
    ],
  ];

  describe.each([
    ['one packet', Number.POSITIVE_INFINITY],
    ['packets of 10,007 bytes', 10_007],
    ['packets of 1000 bytes', 1000],
  ])('in %s', (_how, size) => {
    it.each(cases)('refuses %s with %i', async (_what, status, request) => {
      const before = await countCalls(server);
      server.access.length = 0;
      const client = await open(server.port);
      await inPieces(client, request, size);
      expect((await client.response()).raw).toBe(expected[status]);
      expect(await client.closed()).toBe('');
      expect((await logged(server, 1)).map(([, told]) => told)).toEqual([status]);
      expect(await countCalls(server)).toBe(before);
    });
  });

  it.each(cases)('refuses %s with %i after the answers before it', async (_what, status, request) => {
    const client = await open(server.port);
    client.send(head('GET', '/sleep/20').repeat(2) + request);
    for (let i = 0; i < 2; i++) expect((await client.response()).status).toBe(200);
    expect((await client.response()).status).toBe(status);
    expect(await client.closed()).toBe('');
  });
}
