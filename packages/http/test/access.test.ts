import { describe, expect, it } from 'vitest';
import { type AccessRecord, formatAccess } from '../src/index.ts';

const record: AccessRecord = {
  remoteAddress: '127.0.0.1',
  remotePort: 59940,
  requestLine: 'GET / HTTP/1.1',
  status: 200,
  ttfb: 2000.42,
  bytes: 11,
  ttlb: 2000.5678,
  preAlloc: 1569,
  alloc: 4350,
};
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
    const remoteAddress = 'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255';
    const line = formatAccess({ ...record, remoteAddress, requestLine: `GET /${c.repeat(9000)} HTTP/1.1` });
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(4096);
    expect(line.match(/\n/g)).toHaveLength(1);
    expect(line).toMatch(/\.\.\." 200 ttfb /);
  });
});
