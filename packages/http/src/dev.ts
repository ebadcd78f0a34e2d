// What `flexilib dev` adds to a door. The door is then node:http's alone: nothing of it is on the edge.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FlexilibError } from '@flexilib/native';
import type { Exchange } from './exchange.ts';
import type { Reply } from './reply.ts';

/** Why a request has an answer of the server's own: what the log tells, or the error of a library that isn't there. */
export type Story = string | FlexilibError;

export interface DevHooks {
  /** True: the request is the tool's, which answers it by itself. */
  take(req: IncomingMessage, res: ServerResponse): boolean;
  /** What goes out instead of the reply. story: null when it is an executor's, or there is nothing to tell. */
  dress(req: IncomingMessage, reply: Reply, story: Story | null): Reply;
}

export function dressed(exchange: Exchange, { dress }: DevHooks): Exchange {
  return async (req, res, expectsContinue) => {
    const result = await exchange(req, res, expectsContinue);
    if (!result.reply) return result;
    return { ...result, reply: dress(req, result.reply, (await result.story) ?? null) };
  };
}
