// What a client does on one connection, step by step: what is generated, kept in the corpus, and played.

/** Latin-1 text; what repeats may be told as [text, times]. */
export type Data = string | (string | [text: string, times: number])[];

/** Stands for the path of a file that is made when the server has seen the client's end. */
export const GATE = '\u2400';

export type Step =
  /** One packet. */
  | { send: Data }
  /** Waits for that many final responses in all. This and the next two end when the server closes, too. */
  | { answers: number }
  /** Waits for that many interim responses in all, or that many final ones. */
  | { interims: number; answers: number }
  /** Waits for the server's end. */
  | { closed: true }
  /** Ends the client's side, at once. */
  | { half: true };

export interface Script {
  what: string;
  steps: Step[];
  /** The requests that are HEAD: their responses have no body. */
  heads?: number[];
  /** So many requests come first that the edge must answer. */
  plain?: number;
  /** So many requests come first that are valid. */
  valid?: number;
  /** All of it is for the edge. */
  stays?: boolean;
}

export function expand(data: Data): string {
  if (typeof data === 'string') return data;
  return data.map((piece) => (typeof piece === 'string' ? piece : piece[0].repeat(piece[1]))).join('');
}

/** The reverse, for texts with long repetitions. */
export function compress(text: string): Data {
  const pieces: Exclude<Data, string> = [];
  let at = 0;
  for (const run of text.matchAll(/([\s\S]{1,8}?)\1{11,}/g)) {
    if (run.index > at) pieces.push(text.slice(at, run.index));
    pieces.push([run[1], run[0].length / run[1].length]);
    at = run.index + run[0].length;
  }
  if (pieces.length === 0) return text;
  return at < text.length ? [...pieces, text.slice(at)] : pieces;
}

/** As it is kept in the corpus. */
export function toJson({ what, steps, heads }: Script): string {
  const kept = steps.map((step) => ('send' in step ? { send: compress(expand(step.send)) } : step));
  return JSON.stringify({ what, ...(heads?.length ? { heads } : {}), steps: kept });
}

/** For people: a line a step, bytes escaped. */
export function format({ what, steps }: Script): string {
  const lines = steps.map((step) => {
    if ('send' in step) return `send ${escapeBytes(expand(step.send))}`;
    if ('interims' in step) return `wait for interim response ${step.interims}`;
    if ('answers' in step) return `wait for ${step.answers} responses`;
    return 'closed' in step ? 'wait for the end' : 'end this side';
  });
  return [what, ...lines].join('\n  ');
}

/** "text\r\n" + "a" × 8000 */
export function escapeBytes(text: string): string {
  const data = compress(text);
  const pieces = typeof data === 'string' ? [data] : data;
  return pieces
    .map((piece) => (typeof piece === 'string' ? quote(piece) : `${quote(piece[0])} × ${piece[1]}`))
    .join(' + ');
}

const quote = (text: string): string =>
  JSON.stringify(text).replace(/[^\x20-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
