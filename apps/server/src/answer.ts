// The answers that a configuration gives itself: `return 301 https://example.com{uri}`.
import { Buffer } from 'node:buffer';
import { type ReturnRoute, textReply } from '@flexilib/http';
import { hostOf, pathOf, type ReturnTarget, uriOf } from '@flexilib/router';

const fill = { uri: uriOf, path: pathOf, host: hostOf };

/** What the doors ask such a route for. */
export function createAnswer({ status, location, text }: ReturnTarget): ReturnRoute['reply'] {
  if (!location) return (_call, headOnly) => textReply(status, headOnly, '', text);
  return (call, headOnly) => {
    const to = location.map((part) =>
      typeof part === 'string' ? part : encode(fill[part.placeholder](call)),
    );
    return textReply(status, headOnly, `location: ${to.join('')}\r\n`);
  };
}

/** Nothing of a request may end the line, or be what a URL has not. */
function encode(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return text.replace(
    /[^\x21-\x7e]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
