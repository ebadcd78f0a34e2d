import type { Answer } from './call.ts';

/** What a client's fetch() would give, and what only the test sees. */
export interface ExecutorResponse extends Response {
  /** Bytes that the call asked of the request's arena. */
  readonly allocated: number;
  /** Milliseconds inside the library. */
  readonly time: number;
  /** The header fields with their names' case, in the library's order; content-type and content-length as a server adds them. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Response refuses a body with these. */
const BODILESS = [204, 205, 304];

/** Response has no status over 599; a client's fetch() shows it, and so does this. A clone has 200 in its place. */
export function responseOf({ status, reason, fields, body, allocated, time }: Answer): ExecutorResponse {
  const headers = new Headers();
  for (const [name, value] of fields) headers.append(name, value);
  const known = status <= 599;
  const content = BODILESS.includes(status) ? null : (body as Uint8Array<ArrayBuffer>);
  const response = new Response(content, { status: known ? status : 200, statusText: reason, headers });
  if (!known) Object.defineProperties(response, { status: { value: status }, ok: { value: false } });
  return Object.assign(response, { allocated, time, fields });
}
