// Is this the right answer?
import type { History } from './history.ts';

export interface Answer {
  status: number;
  body: string;
  retryAfter: string | undefined;
  /** The connection ends with it. */
  closing: boolean;
}

export interface Asked {
  path: string;
  /** When. */
  sent: number;
  /** The newest build seen on this connection. */
  seen: number;
}

/** Gives what is wrong, or null. Of /swapped it writes into asked.seen. */
export function judge(asked: Asked, answer: Answer, history: History): string | null {
  const { path, sent } = asked;
  const { status, body, closing } = answer;
  const told = `${path}: ${status} ${JSON.stringify(body.slice(0, 60))}`;
  switch (path) {
    case '/steady':
      return status === 200 && body === 'steady' ? null : told;
    case '/swapped': {
      const n = Number(/^build-(\d{5})$/.exec(body)?.[1] ?? Number.NaN);
      if (status !== 200 || Number.isNaN(n)) return told;
      if (n < asked.seen) return `${told}: after build ${asked.seen} on this connection`;
      asked.seen = n;
      const { oldest, newest } = history.builds(sent, closing);
      if (n < oldest) return `${told}: build ${oldest} had settled when it was asked`;
      return n > newest ? `${told}: there is no such build yet` : null;
    }
    case '/toggled': {
      if (status === 503 && history.scarce) return null; // its library isn't loaded before it is asked for
      const allowed = history.toggles(sent, closing);
      return status === 200 && allowed.has(body) ? null : `${told}: not ${[...allowed].join(' or ')}`;
    }
    default:
      return judgeDamaged(answer, path.endsWith('/now')) ? null : told;
  }
}

/** A library that may be out: then the answer says for how long. */
function judgeDamaged({ status, body, retryAfter }: Answer, crashes: boolean): boolean {
  if (status === 503) return /^[1-9]\d*$/.test(retryAfter ?? '');
  return crashes ? status === 502 || status === 504 : status === 200 && body === 'alive';
}
