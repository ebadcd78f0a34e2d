// What a client is told of an upstream's fields.
import { isHopByHop, isSound, namedByConnection } from './fields.ts';
import type { UpstreamSpec } from './spec.ts';

/** Names in lower case. */
interface Plan {
  readonly removed: ReadonlySet<string>;
  /** Name, value… */
  readonly set: readonly string[];
  readonly setsDate: boolean;
}

const plans = new WeakMap<UpstreamSpec, Plan>();

/**
 * The fields for the client, name, value, name, value, in place of the upstream's. Of the framing, Content-Length stays and
 * Transfer-Encoding goes: who sends the body says how.
 */
export function responseFields(spec: UpstreamSpec, rawHeaders: readonly string[]): string[] {
  const { removed, set, setsDate } = planOf(spec);
  const named = namedByConnection(rawHeaders);
  const sent: string[] = [];
  let dated = setsDate;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    if (name === 'date') dated = true;
    if (isHopByHop(name, named) || removed.has(name)) continue;
    if (isSound(rawHeaders[i]!, rawHeaders[i + 1]!)) sent.push(rawHeaders[i]!, rawHeaders[i + 1]!);
  }
  if (!dated) sent.push('date', new Date().toUTCString());
  for (const part of set) sent.push(part);
  return sent;
}

function planOf(spec: UpstreamSpec): Plan {
  let plan = plans.get(spec);
  if (!plan) {
    const { set_response_header, remove_response_header } = spec.options;
    const names = [...remove_response_header, ...set_response_header.map(({ name }) => name)];
    const removed = new Set(names.map((name) => name.toLowerCase()));
    const set = set_response_header.flatMap(({ name, value }) => [name, value]);
    plan = { removed, set, setsDate: removed.has('date') };
    plans.set(spec, plan);
  }
  return plan;
}
