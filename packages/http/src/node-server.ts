import type { Server } from 'node:http';
import type { Limits } from './door.ts';
import { PARSER_HEADER_MAX } from './refusal.ts';

/** A node:http server that leaves to us what it would answer in its own words. The module is loaded only now. */
export function createNodeServer(limits: Limits): Server {
  const server = process.getBuiltinModule('node:http').createServer({
    httpValidation: 'strict', // whatever NODE_OPTIONS says
    maxHeaderSize: PARSER_HEADER_MAX,
    headersTimeout: limits.header,
    requestTimeout: 0, // bodies have their own (body.ts)
    keepAliveTimeout: limits.idle,
    keepAliveTimeoutBuffer: 0,
    connectionsCheckingInterval: Math.min(1000, limits.header),
    requireHostHeader: false, // validate.ts does it
  });
  // Else an answer that isn't ready when the client ends its side is lost.
  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
  return server;
}

/** Enforces the time of heads though the server never listens: connections come from elsewhere. */
export function watchHeads(server: Server): void {
  // The only thing that node:http does at this event (lib/_http_server.js, setupConnectionsTracking).
  server.emit('listening');
}

/** Stops accepting; past node:http's own close, which cuts the answers that are on their way. */
export function stopAccepting(server: Server): void {
  process.getBuiltinModule('node:net').Server.prototype.close.call(server);
}
