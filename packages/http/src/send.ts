import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Reply, replyHead, writeReplyHead } from './reply.ts';

/** Sends the reply and keeps the connection. True: its last byte is with the kernel; false: the client went before. */
export function sendReply(req: IncomingMessage, res: ServerResponse, reply: Reply): Promise<boolean> {
  return new Promise((resolve) => {
    res.once('finish', () => resolve(true));
    res.once('close', () => resolve(res.writableFinished));
    writeReplyHead(req, res, reply);
    res.end(reply.body);
  });
}

/** Sends the connection's last reply past node:http, which would close before the client has read it. As sendReply. */
export function sendLastReply(socket: Socket, reply: Reply): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once('finish', () => resolve(true));
    socket.once('close', () => resolve(false));
    socket.cork();
    socket.write(replyHead(reply, true), 'latin1');
    socket.end(reply.body);
  });
}
