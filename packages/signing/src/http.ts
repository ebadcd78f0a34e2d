// A question to one of Sigstore's services. fetch is loaded by Node when it is first called.
import { messageOf, trouble } from './trouble.ts';

const ANSWER_BYTES = 4 << 20;
const PATIENCE_MS = 30_000;

export interface Answer {
  status: number;
  bytes: Buffer;
}

/** POST (body given) or GET. Redirections aren't followed: what is sent is meant for this host. Throws FL_SIGNATURE. */
export async function ask(
  url: string,
  { body, headers }: { body?: string | Uint8Array<ArrayBuffer>; headers: Record<string, string> },
): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      ...(body !== undefined && { body }),
      headers,
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of response.body ?? []) {
      size += piece.length;
      if (size > ANSWER_BYTES) throw new Error(`answered with more than ${ANSWER_BYTES} bytes`);
      pieces.push(piece);
    }
    return { status: response.status, bytes: Buffer.concat(pieces) };
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    throw trouble(url, `${messageOf(error)}${cause ? `: ${messageOf(cause)}` : ''}`, error);
  }
}

/** Sends JSON, gets JSON. Throws FL_SIGNATURE for any status but 200 and 201, with what was said. */
export async function askJson(
  url: string,
  body: object | undefined,
  headers: Record<string, string> = {},
  // biome-ignore lint/suspicious/noExplicitAny: who asks knows the form, and what comes is verified
): Promise<any> {
  const { status, bytes } = await ask(url, {
    ...(body && { body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
  });
  const text = bytes.toString();
  if (status !== 200 && status !== 201) throw new StatusError(url, status, text);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw trouble(url, "the answer isn't JSON", error);
  }
}

/** The service answered, and refused. */
export class StatusError extends Error {
  readonly status: number;
  readonly url: string;

  constructor(url: string, status: number, text: string) {
    super(
      `answered ${status}: ${text
        .slice(0, 300)
        .replace(/[^\x20-\x7e]+/g, ' ')
        .trim()}`,
    );
    this.url = url;
    this.status = status;
  }
}
