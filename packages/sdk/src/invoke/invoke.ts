// `flexilib invoke`: one request to a library, with curl's habits.
import { readFile, writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { FlexilibError } from '@flexilib/native';
import { type ExecutorResponse, type Line, load } from '@flexilib/testing';
import { type Invocation, type Piece, parseInvocation, usage } from './arguments.ts';
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
    if (error instanceof TypeError) throw usage(error.message); // Request's own: an illegal name or value of a field
    if (!(error instanceof FlexilibError)) throw error;
    if (error.code === 'FL_CALL_REQUEST') throw usage(error.message);
    process.stderr.write(`${paint('31', 'error:')} ${error.message}\n`);
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
  if (verbose) tell('>', [`${method} ${path} HTTP/1.1`, ...lines(fields), '']);
  const response = await executor.fetch(path, { method, headers: fields, body });
  for (const line of executor.logs) process.stderr.write(`${logLine(line)}\n`);
  const head = [`HTTP/1.1 ${response.status} ${response.statusText}`, ...lines(response.fields), ''];
  if (verbose) {
    tell('<', head);
    tell('*', [`${response.allocated} bytes of the arena, ${response.time.toFixed(3)} ms in the library`]);
  }
  const failed = fail && response.status >= 400;
  await write(invocation, head, response, failed);
  if (!failed) return 0;
  process.stderr.write(`${paint('31', 'error:')} ${response.status} ${response.statusText}\n`);
  return FAILED;
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
    throw usage(`@${file}: can't be read: ${message}`);
  });
  return lines ? (bytes.filter((byte) => byte !== 0 && byte !== 10 && byte !== 13) as Buffer) : bytes;
}

const lines = (fields: readonly (readonly [string, string])[]): string[] =>
  fields.map(([name, value]) => `${name}: ${value}`);

function tell(mark: string, texts: string[]): void {
  for (const text of texts) process.stderr.write(`${paint('2', mark)} ${text}\n`);
}

function logLine({ level, text }: Line): string {
  const colour = { error: '31', warning: '33', info: '36', debug: '2' }[level];
  return `${paint(colour, `${level}:`)} ${text}`;
}

/** Only on a terminal, and not for who wants none (https://no-color.org). */
function paint(colour: string, text: string): string {
  return process.stderr.isTTY && !process.env.NO_COLOR ? `\x1b[${colour}m${text}\x1b[0m` : text;
}
