// server.mjs PORT: node:http and koffi.
import { createServer } from 'node:http';
import { call } from '../koffi.mjs';

function answer(response, body) {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length });
  response.end(body);
}

const server = createServer((request, response) => {
  if (request.method !== 'POST') return answer(response, call(request.url));
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => answer(response, call(request.url, Buffer.concat(chunks))));
});
server.keepAliveTimeout = 600_000;
server.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
