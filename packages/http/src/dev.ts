// What `flexilib dev` adds to a door. The door is then node:http's alone: nothing of it is on the edge.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FlexilibError } from '@flexilib/native';
import type { Exchange } from './exchange.ts';
import type { Reply } from './reply.ts';

/** Why a request has an answer of the server's own: what the log tells, or the error of a library that isn't there. */
export type Story = string | FlexilibError;

/** A call, looked at closely. */
export interface Measured {
  /** The library's path, and which of its builds it was. */
  library: string;
  generation: number;
  /** Milliseconds inside. */
  took: number;
  /** Bytes: asked of the arena; and of malloc's left behind, if that is measured (Runtime.watchHeap). */
  allocated: number;
  left: number;
}

export interface DevHooks {
  /** True: the request is the tool's, which answers it by itself. */
  take(req: IncomingMessage, res: ServerResponse): boolean;
  /** What goes out instead of the reply: an executor's, whose call was measured, or one of the server's own. */
  dress(req: IncomingMessage, reply: Reply, story: Story | null, measured: Measured | null): Reply;
}

export function dressed(exchange: Exchange, { dress }: DevHooks): Exchange {
  return async (req, res, expectsContinue) => {
    const result = await exchange(req, res, expectsContinue);
    if (!result.reply) return result;
    const { reply, story, measured } = result;
    return { ...result, reply: dress(req, reply, (await story) ?? null, measured ?? null) };
  };
}
