/** The longest that is told of a failure. */
const LENGTH_MAX = 200;

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ETIMEDOUT: 'no connection in time',
  EHOSTUNREACH: 'no route to it',
  ENETUNREACH: 'no route to it',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'no name server answers',
};

/** Of files too, where the message says which. */
const ofSockets: Readonly<Record<string, string>> = {
  ENOENT: 'no such socket',
  EACCES: 'permission denied',
};

/** Why something failed, in a few words for the log. */
export function whyFailed(error: unknown): string {
  const { code = '', message, syscall } = error as NodeJS.ErrnoException;
  if (code.startsWith('HPE_')) return inOneLine(`no HTTP: ${message.replace(/^Parse Error: /, '')}`);
  // node:http's «socket hang up»
  if (code === 'ECONNRESET' && message === 'socket hang up')
    return 'it closed the connection without an answer';
  if (Object.hasOwn(words, code)) return words[code]!;
  if (syscall === 'connect' && Object.hasOwn(ofSockets, code)) return ofSockets[code]!;
  return inOneLine(message || code || String(error));
}

/** A text that others have had a hand in, for the log. */
export function inOneLine(text: string): string {
  return text
    .slice(0, LENGTH_MAX)
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim();
}
