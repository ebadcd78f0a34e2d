// Bytes out, bytes in: what a server answers to what may be no request.
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  status: number;
  head: string;
  body: string;
}

/** Sends the bytes, as Latin-1, and gives all that comes until the server closes. half: ends its own side after them. */
export function exchange(
  port: number,
  bytes: string,
  { half = false, within = 5000 }: { half?: boolean; within?: number } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const late = setTimeout(() => {
      socket.destroy();
      reject(new Error(`not closed in time; so far: ${JSON.stringify(received.slice(0, 300))}`));
    }, within);
    const finish = () => {
      clearTimeout(late);
      socket.destroy();
      resolve(received);
    };
    socket.on('connect', () => {
      socket.write(bytes, 'latin1');
      if (half) socket.end();
    });
    socket.on('data', (data) => {
      received += data.toString('latin1');
    });
    socket.on('end', finish).on('error', finish);
  });
}

/** Whole answers, in order; throws when something is left. */
export function answersIn(received: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let at = 0; at < received.length; ) {
    const end = received.indexOf('\r\n\r\n', at) + 4;
    const head = received.slice(at, end);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
    const length = Number(/\r\ncontent-length: (\d+)\r\n/.exec(head)?.[1]);
    if (end < 4 || !status || Number.isNaN(length) || end + length > received.length)
      throw new Error(`no whole answer: ${JSON.stringify(received.slice(at, at + 300))}`);
    answers.push({ status, head, body: received.slice(end, end + length) });
    at = end + length;
  }
  return answers;
}

/** A connection that is made. */
export function opened(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(socket)).once('error', reject);
  });
}
