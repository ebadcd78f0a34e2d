import { Buffer } from 'node:buffer';
import type { AccessRecord, LineSink } from '../src/access.ts';

/** A sink that gives each line as text. */
export function collectLines(onLine: (line: string) => void): LineSink {
  const buffer = Buffer.alloc(8192);
  return { buffer, reserve: () => 100, commit: (end) => onLine(buffer.toString('latin1', 100, end)) };
}

const format =
  /^(\S+) - - "(.*)" (\d+) ttfb ([\d.]+)ms (\d+) ttlb ([\d.]+)ms \(pre-alloc: (\d+), alloc: (\d+)\)\n$/;

/** What a line says; the request line as it was, without its escapes. */
export function parseLine(line: string): AccessRecord {
  const match = format.exec(line);
  if (!match) throw new Error(`not a line of the log: ${JSON.stringify(line)}`);
  const [, peer, quoted, ...numbers] = match;
  const requestLine = quoted.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string, char: string) =>
    hex ? String.fromCharCode(Number.parseInt(hex, 16)) : char,
  );
  const [status, ttfb, bytes, ttlb, preAlloc, alloc] = numbers.map(Number);
  return {
    peer,
    requestLine: quoted === '-' ? null : requestLine,
    status,
    ttfb,
    bytes,
    ttlb,
    preAlloc,
    alloc,
  };
}
