// Pairs of doors, and how much stays on the edge.
import { ask } from '../client.ts';
import { type EdgeServed, startEdgeDoor, startNodeDoor } from '../start.ts';
import type { Served, StartServer } from '../suite/served.ts';
import { type Comparison, compare, type Doors } from './compare.ts';
import { BODY_MAX, render, routes } from './plain.ts';
import { format, type Script } from './script.ts';

/** With FLEXILIB_ITSELF the node:http door is compared with itself, which shows what depends on time. */
const startOther: StartServer = process.env.FLEXILIB_ITSELF ? startNodeDoor : startEdgeDoor;

export async function startDoors(): Promise<Doors> {
  const options = { routes, body: { max: BODY_MAX } };
  const [node, other] = [await startNodeDoor(options), await startOther(options)];
  // What waits for its library may leave the edge: that is for the first request only.
  for (const { port } of [node, other]) await ask(port, render('GET', '/describe', '1.1', ['Host: a']));
  return { node, other };
}

export interface Tally {
  cases: number;
  /** Requests that were valid and answered, and those of them that the edge answered. */
  valid: number;
  edge: number;
}

/** Throws what differs, and where the edge leaves to node:http what it must answer. */
export async function check(
  doors: Doors,
  script: Script,
  tally: Tally,
  silence?: number,
): Promise<Comparison> {
  const before = edgeOf(doors.other);
  const result = await compare(doors, script, silence);
  const after = edgeOf(doors.other);
  if (result.difference) throw new Error(result.difference);
  const { plain = 0, valid = 0, stays = false } = script;
  tally.cases += 1;
  tally.valid += Math.min(result.node.answers, valid);
  if (!before || !after) return result;
  const requests = after.requests - before.requests;
  const handedOver = after.handedOver - before.handedOver;
  tally.edge += requests;
  if (requests < plain || handedOver > (stays ? 0 : 1))
    throw new Error(
      `of at least ${plain} requests the edge answered ${requests}, handed over ${handedOver}\n${format(script)}`,
    );
  return result;
}

function edgeOf(server: Served): ReturnType<EdgeServed['edge']> | undefined {
  return 'edge' in server ? (server as EdgeServed).edge() : undefined;
}
