// Steady load on a route that has nothing to do with the fault: what it gets must be right, whatever happens next to it.
import { connect, type Socket } from 'node:net';

export interface Load {
  /** Right answers so far. */
  readonly answered: number;
  /** Everything else that was answered. */
  readonly wrong: string[];
  /** Connections that broke with a request on them. */
  readonly lost: string[];
  /** Connections that could not be made. */
  readonly refused: string[];
  /** Longest time of a right answer, in milliseconds. */
  readonly slowest: number;
  /** Longest time that a request is waiting now, in milliseconds. */
  waiting(): number;
  /** Settles after so many more right answers; rejects when they don't come within a minute. */
  more(count: number): Promise<void>;
  /** Settles when all connections are closed. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  path?: string;
  body?: string;
  /** Of a POST; missing: it is a GET. */
  content?: string;
  connections?: number;
  /** Milliseconds between an answer and the next request. */
  pause?: number;
  /** Hears of each right answer how long it took, in milliseconds. */
  onAnswer?(took: number): void;
}

/** Connections that each ask again as soon as they are answered, and are opened anew when they end. */
export function steadyLoad(
  port: number,
  { path = '/steady', body = 'steady', content, connections = 16, pause = 0, onAnswer }: LoadOptions = {},
): Load {
  const request =
    content === undefined
      ? `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`
      : `POST ${path} HTTP/1.1\r\nHost: test\r\nContent-Length: ${content.length}\r\n\r\n${content}`;
  const tail = `\r\n\r\n${body}`;
  const load = {
    answered: 0,
    wrong: [] as string[],
    lost: [] as string[],
    refused: [] as string[],
    slowest: 0,
  };
  const waiting: { count: number; resolve(): void }[] = [];
  const unanswered = new Map<Socket, number>();
  let open = 0;
  let stopping = false;
  let onStopped = () => {};

  function answer(took: number): void {
    load.answered += 1;
    onAnswer?.(took);
    for (let i = waiting.length; i-- > 0; )
      if (load.answered >= waiting[i].count) waiting.splice(i, 1)[0].resolve();
  }

  function begin(): void {
    open += 1;
    const socket = connect(port, '127.0.0.1').setNoDelay(true);
    let connected = false;
    let asked = 0; // when; 0: nothing is asked
    let buffered = '';
    let failed = '';
    const ask = () => {
      if (stopping) {
        socket.destroy();
        return;
      }
      asked = performance.now();
      unanswered.set(socket, asked);
      socket.write(request);
    };
    socket.on('connect', () => {
      connected = true;
      ask();
    });
    socket.on('data', (data: Buffer) => {
      buffered += data.toString('latin1');
      const end = buffered.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/\r\ncontent-length: (\d+)\r\n/.exec(buffered)?.[1]);
      if (buffered.length < end + 4 + length) return;
      const took = performance.now() - asked;
      load.slowest = Math.max(load.slowest, took);
      asked = 0;
      unanswered.delete(socket);
      if (
        buffered.startsWith('HTTP/1.1 200 ') &&
        buffered.endsWith(tail) &&
        buffered.length === end + tail.length
      )
        answer(took);
      else load.wrong.push(buffered);
      const last = buffered.includes('\r\nconnection: close\r\n');
      buffered = '';
      if (last || stopping) socket.destroy();
      else if (pause > 0) setTimeout(ask, pause);
      else ask();
    });
    socket.on('error', (error) => {
      failed = error.message;
    });
    socket.on('close', () => {
      unanswered.delete(socket);
      open -= 1;
      if (!connected) load.refused.push(failed);
      else if (asked > 0)
        load.lost.push(`${failed || 'closed'}${buffered ? `, after ${buffered.length} bytes` : ''}`);
      if (!stopping) setTimeout(begin, connected ? 0 : 5);
      else if (open === 0) onStopped();
    });
  }

  for (let i = 0; i < connections; i++) begin();
  return Object.assign(load, {
    waiting: () => performance.now() - Math.min(performance.now(), ...unanswered.values()),
    more(count: number) {
      return new Promise<void>((resolve, reject) => {
        const late = () =>
          reject(new Error(`${load.answered} answers so far; ${JSON.stringify(load).slice(0, 500)}`));
        const timer = setTimeout(late, 60_000);
        waiting.push({
          count: load.answered + count,
          resolve() {
            clearTimeout(timer);
            resolve();
          },
        });
      });
    },
    async stop() {
      stopping = true;
      if (open > 0)
        await new Promise<void>((resolve) => {
          onStopped = resolve;
        });
    },
  });
}
