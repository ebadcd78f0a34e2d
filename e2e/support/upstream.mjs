// upstream.mjs PORT BACKLOG: an application behind the proxy. Does what the path says, and tells its port on standard output.
//
// /steady                 «steady»; also /wait/MS/steady, which takes so long
// /count                  how many requests it was asked, these two not included
// /quiet                  closes the connections that nobody uses
// /echo                   the body of the request
// /discard                reads the body, and says how many bytes it had
// /zeros/BYTES[/chunked]  so many zero bytes
// an Upgrade to websocket is granted, and each frame comes back
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const zeros = Buffer.alloc(1 << 20);
let count = 0;

/** Names in lower case, so that a test may compare bytes. */
function answer(response, body) {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function stream(response, bytes, chunked) {
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    ...(!chunked && { 'content-length': bytes }),
  });
  let left = bytes;
  const more = () => {
    while (left > 0) {
      const piece = left < zeros.length ? zeros.subarray(0, left) : zeros;
      left -= piece.length;
      if (!response.write(piece)) return void response.once('drain', more);
    }
    response.end();
  };
  more();
}

const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
  const [, what, argument, how] = request.url.split('/');
  if (what !== 'count' && what !== 'quiet') count += 1;
  if (what === 'zeros') return stream(response, Number(argument), how === 'chunked');
  const pieces = [];
  let bytes = 0;
  request.on('data', (piece) => {
    bytes += piece.length;
    if (what === 'echo') pieces.push(piece);
  });
  request.on('end', () => {
    if (what === 'count') answer(response, String(count));
    else if (what === 'quiet') {
      answer(response, '');
      server.closeIdleConnections();
    } else if (what === 'echo') answer(response, Buffer.concat(pieces));
    else if (what === 'discard') answer(response, `${bytes} bytes`);
    else if (what === 'wait') setTimeout(answer, Number(argument), response, how);
    else answer(response, 'steady');
  });
});

/** Frames of up to 125 bytes, one after the other, masked by the client; without their mask they are the answer. */
server.on('upgrade', (request, socket, head) => {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
  );
  let received = head;
  const take = (bytes) => {
    received = received.length > 0 ? Buffer.concat([received, bytes]) : bytes;
    while (received.length >= 6 + (received[1] & 0x7f)) {
      const length = received[1] & 0x7f;
      const mask = received.subarray(2, 6);
      const text = received.subarray(6, 6 + length).map((byte, i) => byte ^ mask[i % 4]);
      socket.write(Buffer.concat([Buffer.from([received[0], length]), text]));
      received = received.subarray(6 + length);
    }
  };
  take(Buffer.alloc(0));
  socket.on('data', take).on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
});

server.listen(Number(process.argv[2]), '127.0.0.1', Number(process.argv[3]), () =>
  console.log(server.address().port),
);
