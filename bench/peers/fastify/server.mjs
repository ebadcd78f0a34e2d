// server.mjs PORT: Fastify and koffi.
import Fastify from 'fastify';
import { call } from '../koffi.mjs';

const server = Fastify({ keepAliveTimeout: 600_000 });
server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
server.get('/*', (request, reply) => reply.type('text/plain').send(call(request.raw.url)));
server.post('/*', (request, reply) => reply.type('text/plain').send(call(request.raw.url, request.body)));
await server.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
