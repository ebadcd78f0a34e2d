// What `flexilib dev` adds to a door. The door is then node:http's alone: nothing of it is on the edge.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Exchange } from './exchange.ts';
import type { Reply } from './reply.ts';
import type { Measured, Story } from './story.ts';

export interface DevHooks {
  /** True: the request is the tool's, which answers it by itself. */
  take(req: IncomingMessage, res: ServerResponse): boolean;
  /** What goes out instead of the reply: an executor's, whose call was measured, or one of the server's own. */
  dress(req: IncomingMessage, reply: Reply, story: Story | null, measured: Measured | null): Reply;
}

export function dressed(exchange: Exchange, { dress }: DevHooks): Exchange {
  return async (req, res, connection, expectsContinue) => {
    const result = await exchange(req, res, connection, expectsContinue);
    if (!result.reply) return result;
    const { reply, story, measured } = result;
    return { ...result, reply: dress(req, reply, (await story) ?? null, measured ?? null) };
  };
}
