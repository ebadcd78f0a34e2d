// The rounds: each server once a round, in a new order each time.
import { leave } from './keep.ts';
import { machine, version } from './machine.ts';
import type { Options } from './options.ts';
import type { Peer } from './peer.ts';
import type { Results } from './results.ts';
import { shuffle } from './stats.ts';
import { turn } from './turn.ts';

/** Memory a connection hardly varies: so many rounds are enough. */
const CONNECTION_ROUNDS = 3;

/** What differs between the servers and the proxies. */
export interface Plan {
  /** Of the results. */
  name: string;
  /** What the others are compared with. */
  baseline: string;
  /** What proxies ask. */
  upstream?: number;
}

export async function runRounds(peers: Peer[], options: Options, plan: Plan): Promise<Results> {
  const results: Results = {
    machine: machine(),
    wrk: version(['wrk', '-v']),
    seconds: options.secs,
    baseline: plan.baseline,
    servers: peers.map(({ name, title, note, version: words }) => ({
      name,
      title,
      note,
      version: version(words),
    })),
    samples: [],
  };
  for (let round = 1; round <= options.rounds; round++) {
    for (const [index, peer] of shuffle(peers).entries()) {
      console.error(`round ${round}/${options.rounds}, ${index + 1}/${peers.length}: ${peer.title}`);
      const connections = round <= CONNECTION_ROUNDS ? options.connections : 0;
      try {
        const sample = await turn(peer, {
          round,
          seconds: options.secs,
          workloads: options.workloads,
          connections,
          upstream: plan.upstream,
          onCell(cell, { rps, user, system, p99, other, errors = 0 }) {
            const busy = other > 5 ? `, ${other} % of the core went to others` : '';
            const failed = errors > 0 ? `, ${errors} FAILED` : '';
            const figures = [
              `${rps}/s, `,
              `${(user + system).toFixed(1)} µs`,
              p99 === undefined ? '' : `, p99 ${p99} µs`,
            ];
            console.error(`  ${cell.padEnd(13)} ${figures.join('')}${failed}${busy}`);
          },
        });
        results.samples.push(sample);
      } catch (error) {
        console.error(`  failed: ${(error as Error).message}`);
      }
    }
    leave(plan.name, results); // a run takes long, and may be cut short
  }
  return results;
}
