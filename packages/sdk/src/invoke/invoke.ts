// `flexilib invoke`: one request to a library, with curl's habits.
import { readFile, writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { FlexilibError } from '@flexilib/native';
import { type ExecutorResponse, type Leaks, type Line, load } from '@flexilib/testing';
import { usageError } from '../arguments.ts';
import { cyan, dim, red, say, sayError, yellow } from '../terminal.ts';
import { type Invocation, type Piece, parseInvocation } from './arguments.ts';
import { help } from './help.ts';

/** curl's status for --fail. */
const FAILED = 22;
const FORM = 'application/x-www-form-urlencoded';

/** Runs the command and gives its exit status. Throws FL_USAGE. */
export async function invoke(args: string[]): Promise<number> {
  const invocation = parseInvocation(args);
  if (invocation === null) {
    process.stdout.write(help);
    return 0;
  }
  const request = await requestOf(invocation);
  try {
    return await send(invocation, request);
  } catch (error) {
    if (error instanceof TypeError) throw usageError('invoke', error.message); // Request's own: an illegal name or value of a field
    if (!(error instanceof FlexilibError)) throw error;
    if (error.code === 'FL_CALL_REQUEST') throw usageError('invoke', error.message);
    sayError(error.message);
    return 1;
  }
}

interface Sent {
  method: string;
  fields: [name: string, value: string][];
  body: Uint8Array<ArrayBuffer> | null;
}

async function send(invocation: Invocation, { method, fields, body }: Sent): Promise<number> {
  const { library, path, timeout, verbose, fail } = invocation;
  await using executor = await load(library, timeout === undefined ? {} : { timeout });
  if (invocation.leaks) return verdict(await executor.leaks(path, { method, headers: fields, body }));
  if (verbose) tell('>', [`${method} ${path} HTTP/1.1`, ...lines(fields), '']);
  const response = await executor.fetch(path, { method, headers: fields, body });
  for (const line of executor.logs) say(logLine(line));
  const head = [`HTTP/1.1 ${response.status} ${response.statusText}`, ...lines(response.fields), ''];
  if (verbose) {
    tell('<', head);
    tell('*', [`${response.allocated} bytes of the arena, ${response.time.toFixed(3)} ms in the library`]);
  }
  const failed = fail && response.status >= 400;
  await write(invocation, head, response, failed);
  if (!failed) return 0;
  sayError(`${response.status} ${response.statusText}`);
  return FAILED;
}

function verdict({ leaks, calls, bytes, bytesPerCall, descriptors, threads }: Leaks): number {
  const each = `${bytes} bytes of memory (${bytesPerCall.toFixed(0)} a call)`;
  const left = `${calls} calls left ${each}, ${descriptors} descriptors and ${threads} threads behind`;
  if (leaks) sayError(`it leaks: ${left}`);
  else say(`no leak: ${left}`);
  return leaks ? 1 : 0;
}

async function write(
  { include, head: headOnly, output }: Invocation,
  head: string[],
  response: ExecutorResponse,
  failed: boolean,
): Promise<void> {
  const parts: Uint8Array[] = [];
  if (include || headOnly) parts.push(Buffer.from(head.map((line) => `${line}\r\n`).join(''), 'latin1'));
  if (!failed) parts.push(new Uint8Array(await response.arrayBuffer()));
  const bytes = Buffer.concat(parts);
  if (output === undefined) process.stdout.write(bytes);
  else
    await writeFile(output, bytes).catch(({ message }) => {
      throw new FlexilibError('FL_USAGE', `${output}: can't be written: ${message}`);
    });
}

/** All that is sent: nothing is added afterwards, and --verbose shows it. */
async function requestOf({ method, head, fields, body: pieces }: Invocation): Promise<Sent> {
  const body = pieces && Buffer.from(await join(pieces));
  const has = (name: string) => fields.some(([own]) => own.toLowerCase() === name);
  const all = [...fields];
  if (!has('host')) all.unshift(['host', 'localhost']);
  if (body && !has('content-type')) all.push(['content-type', FORM]);
  if (body && !has('content-length')) all.push(['content-length', `${body.length}`]);
  return { method: method ?? (head ? 'HEAD' : body ? 'POST' : 'GET'), fields: all, body };
}

async function join(pieces: Piece[]): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (const piece of pieces) {
    if (parts.length > 0) parts.push(Buffer.from('&'));
    parts.push('text' in piece ? Buffer.from(piece.text) : await read(piece));
  }
  return Buffer.concat(parts);
}

async function read({ file, lines }: { file: string; lines: boolean }): Promise<Buffer> {
  const bytes = await (file === '-' ? buffer(process.stdin) : readFile(file)).catch(({ message }) => {
    throw usageError('invoke', `@${file}: can't be read: ${message}`);
  });
  return lines ? (bytes.filter((byte) => byte !== 0 && byte !== 10 && byte !== 13) as Buffer) : bytes;
}

const lines = (fields: readonly (readonly [string, string])[]): string[] =>
  fields.map(([name, value]) => `${name}: ${value}`);

function tell(mark: string, texts: string[]): void {
  for (const text of texts) say(`${dim(mark)} ${text}`);
}

const paints: Readonly<Record<Line['level'], (text: string) => string>> = {
  error: red,
  warning: yellow,
  info: cyan,
  debug: dim,
};

function logLine({ level, text }: Line): string {
  return `${paints[level](`${level}:`)} ${text}`;
}
