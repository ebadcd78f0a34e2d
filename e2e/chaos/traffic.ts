// Connections that ask again as soon as they are answered, and are opened anew when they end.
import { connect } from 'node:net';
import type { History } from './history.ts';
import { type Answer, type Asked, judge } from './judge.ts';
import type { Random } from './random.ts';

const CONNECTIONS = 24;
/** The server says a moment later which process leaves. */
const NEWS_MS = 300;
/** An answer must come within that. */
const HANG_MS = 15_000;
const paths = ['/steady', '/swapped', '/toggled', '/crash/pool/fine', '/crash/inline/fine'];
const shares = [0.45, 0.3, 0.15, 0.05, 0.05];

export interface Traffic {
  readonly answered: number;
  /** Requests that went with a process that was killed. */
  readonly lost: number;
  stop(): Promise<void>;
}

export interface TrafficOptions {
  port: number;
  random: Random;
  history: History;
  onViolation(what: string): void;
}

function choose(random: Random): string {
  let left = random.next();
  for (const [i, share] of shares.entries()) {
    left -= share;
    if (left < 0) return paths[i];
  }
  return paths[0];
}

/** One answer from the beginning of the text, and where it ends; null: it isn't all there. */
function parse(text: string): { answer: Answer; end: number } | null {
  const bodyAt = text.indexOf('\r\n\r\n') + 4;
  if (bodyAt < 4) return null;
  const head = text.slice(0, bodyAt);
  const field = (name: string) => new RegExp(`\r\n${name}: ([^\r]*)\r\n`).exec(head)?.[1];
  const end = bodyAt + Number(field('content-length'));
  if (Number.isNaN(end)) return { answer: { status: 0, body: head, retryAfter: '', closing: false }, end: 0 };
  if (text.length < end) return null;
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? 0);
  const closing = field('connection') === 'close';
  return {
    answer: { status, body: text.slice(bodyAt, end), retryAfter: field('retry-after'), closing },
    end,
  };
}

export function startTraffic({ port, random, history, onViolation }: TrafficOptions): Traffic {
  const traffic = { answered: 0, lost: 0 };
  const current = new Map<number, Asked>();
  /** Of each place: the kill that has cost it a request. */
  const costs = new Map<number, number>();
  let stopping = false;
  let open = 0;

  function begin(place: number): void {
    open += 1;
    const socket = connect(port, '127.0.0.1').setNoDelay(true);
    const asked: Asked = { path: '', sent: performance.now(), seen: 0 };
    const opened = performance.now();
    let connected = false;
    let waiting = true;
    let text = '';
    let failed = '';
    current.set(place, asked);
    const ask = () => {
      asked.path = choose(random);
      asked.sent = performance.now();
      waiting = true;
      socket.write(`GET ${asked.path} HTTP/1.1\r\nHost: chaos\r\n\r\n`);
    };
    socket.on('connect', () => {
      connected = true;
      ask();
    });
    socket.on('data', (data) => {
      text += data.toString('latin1');
      const parsed = parse(text);
      if (!parsed) return;
      const { answer, end } = parsed;
      const wrong =
        text.length > end ? `more than one answer: ${text.slice(0, 200)}` : judge(asked, answer, history);
      if (answer.closing)
        setTimeout(() => {
          if (!history.leaving) onViolation(`${asked.path}: the connection ends, though no process leaves`);
        }, NEWS_MS);
      if (wrong) onViolation(wrong);
      else traffic.answered += 1;
      text = '';
      waiting = false;
      if (answer.closing || stopping || answer.status === 0) socket.destroy();
      else ask();
    });
    socket.on('error', (error) => {
      failed = error.message;
    });
    socket.on('close', () => {
      open -= 1;
      current.delete(place);
      const kill = history.killBehind(opened);
      if (!connected) onViolation(`refused: ${failed}`);
      else if (waiting && (kill === null || costs.get(place) === kill))
        onViolation(`${asked.path}: lost, though nothing was killed: ${failed || 'closed'}`);
      else if (waiting) {
        costs.set(place, kill!);
        traffic.lost += 1;
      }
      if (!stopping) setTimeout(begin, connected ? 0 : 20, place);
    });
  }

  for (let place = 0; place < CONNECTIONS; place++) begin(place);
  const watch = setInterval(() => {
    for (const asked of current.values()) {
      if (performance.now() - asked.sent < HANG_MS) continue;
      onViolation(`${asked.path || 'a connection'}: no answer within ${HANG_MS / 1000} s`);
      asked.sent = Number.POSITIVE_INFINITY; // told once
    }
  }, 1000);

  return Object.assign(traffic, {
    async stop() {
      stopping = true;
      for (let i = 0; i < 300 && open > 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
      clearInterval(watch);
    },
  });
}
