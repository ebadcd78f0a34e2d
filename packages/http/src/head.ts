import type { IncomingMessage } from 'node:http';
import type { Call } from '@flexilib/native';

/** Writes a validated request's head into the call, names, order and duplicates as the client sent them. */
export function writeHead(call: Call, req: IncomingMessage): void {
  const bytes = call.ownBytes();
  const { fields } = call;
  const raw = req.rawHeaders;
  let at = 0;
  // node:http gives bytes as Latin-1 characters.
  for (let i = 0; i < raw.length; i++) {
    const length = bytes.write(raw[i], at, 'latin1');
    fields[2 * i] = at;
    fields[2 * i + 1] = length;
    at += length;
  }
  const methodAt = at;
  const methodLength = bytes.write(req.method ?? '', at, 'latin1');
  const targetAt = at + methodLength;
  const targetLength = bytes.write(req.url ?? '', targetAt, 'latin1');
  // A library that takes the target for a C string must not read on into an earlier request.
  bytes[targetAt + targetLength] = 0;
  call.setAnswer(0, 0, false);
  call.setHead(methodAt, methodLength, targetAt, targetLength, raw.length / 2);
}
