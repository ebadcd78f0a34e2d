import { describe, expect, it } from 'vitest';
import { type AccessRecord, logAccess, logRequest } from '../src/access.ts';
import { collectLines } from './lines.ts';

const record: AccessRecord = {
  peer: '127.0.0.1:59940',
  requestLine: 'GET / HTTP/1.1',
  status: 200,
  ttfb: 2000.42,
  bytes: 11,
  ttlb: 2000.5678,
  preAlloc: 1569,
  alloc: 4350,
};
function formatAccess(record: AccessRecord): string {
  const lines: string[] = [];
  logAccess(
    collectLines((line) => lines.push(line)),
    record,
  );
  return lines.join('');
}
const quoted = (requestLine: string | null) => formatAccess({ ...record, requestLine });

describe('the request line of the log', () => {
  it('has its format', () => {
    expect(formatAccess(record)).toBe(
      '127.0.0.1:59940 - - "GET / HTTP/1.1" 200 ttfb 2000.420ms 11 ttlb 2000.568ms (pre-alloc: 1569, alloc: 4350)\n',
    );
  });

  it('says - for what could not be parsed', () => {
    expect(quoted(null)).toContain(' - - "-" 200 ');
  });

  it.each([
    ['GET /a"b HTTP/1.1', 'GET /a\\"b HTTP/1.1'],
    ['GET /a\\b HTTP/1.1', 'GET /a\\\\b HTTP/1.1'],
    ['GET /\r\n\t\x1b[2J\x7f\0 HTTP/1.1', 'GET /\\x0d\\x0a\\x09\\x1b[2J\\x7f\\x00 HTTP/1.1'],
    ['GET /\xe9 HTTP/1.1', 'GET /\\xe9 HTTP/1.1'],
  ])('escapes %j', (line, escaped) => {
    expect(quoted(line)).toContain(`"${escaped}"`);
  });

  it.each(['a', '"', '\x01'])('is a line of at most PIPE_BUF bytes, however long the target: %j', (c) => {
    const peer = 'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255:65535';
    const line = formatAccess({ ...record, peer, requestLine: `GET /${c.repeat(9000)} HTTP/1.1` });
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(4096);
    expect(line.match(/\n/g)).toHaveLength(1);
    expect(line).toMatch(/\.\.\." 200 ttfb /);
  });

  it.each([0, 9, 10, 99, 100, 12345, 2 ** 31, 2 ** 40])('writes numbers: %d', (number) => {
    expect(formatAccess({ ...record, bytes: number })).toContain(` ${number} ttlb `);
    expect(formatAccess({ ...record, ttfb: number / 1000 })).toContain(
      ` ttfb ${(number / 1000).toFixed(3)}ms `,
    );
  });

  it('is the same when it is made of the bytes of a request', () => {
    const lines: string[] = [];
    const bytes = Buffer.from('..GET /a"b HTTP/1.1');
    const sink = collectLines((line) => lines.push(line));
    logRequest(sink, record.peer, bytes, 2, 8, 200, record.ttfb, 11, record.ttlb, 1569, 4350);
    expect(lines).toEqual([formatAccess({ ...record, requestLine: 'GET /a"b HTTP/1.1' })]);
  });
});
