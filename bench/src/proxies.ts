// FlexiLib as a reverse proxy, and its peers: the same rounds, with an origin behind them.
import { peers as caddy } from '../proxies/caddy/peer.ts';
import { logged, peers as ours } from '../proxies/flexilib/peer.ts';
import { peers as haproxy } from '../proxies/haproxy/peer.ts';
import { peers as nginx } from '../proxies/nginx/peer.ts';
import { origin } from '../proxies/origin/peer.ts';
import { peers as relay } from '../proxies/relay/peer.ts';
import type { Options } from './options.ts';
import { loadCore } from './paths.ts';
import type { Peer } from './peer.ts';
import type { Results } from './results.ts';
import { runRounds } from './rounds.ts';
import { startServer } from './server.ts';

export const proxies: Peer[] = [ours, relay, haproxy, nginx, caddy].flat();

export async function runProxies(peers: Peer[], options: Options): Promise<Results> {
  await origin.build!();
  const behind = await startServer(origin, { cores: String(loadCore) });
  try {
    const plan = { name: 'proxies', baseline: logged.name, upstream: behind.port };
    return await runRounds(peers, options, plan);
  } finally {
    await behind.stop();
  }
}
