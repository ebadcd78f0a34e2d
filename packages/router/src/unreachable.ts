import type { Route } from './config.ts';
import type { Fault } from './diagnostic.ts';
import { encodeHead } from './head.ts';
import { createMatcher } from './matcher.ts';
import { keyIdentity } from './rule.ts';

/**
 * The routes that no request reaches. The least request of a route is its very prefixes; what takes that one
 * away takes all the others too.
 */
export function findUnreachable(routes: readonly Route[]): (Fault & { readonly line: number })[] {
  const match = createMatcher(routes);
  return routes.flatMap(({ key, line, header, pathPrefix }, index) => {
    const winner = match(encodeHead(pathPrefix, header ? [[header.name, header.valuePrefix]] : []));
    if (winner === index) return [];
    const first = routes[winner]!;
    if (keyIdentity(first.key) === keyIdentity(key)) {
      return [{ line, message: `duplicate key \`${key}\`: line ${first.line} wins`, hint: 'delete one' }];
    }
    const message = `\`${key}\` is never reached: line ${first.line}, \`${first.key}\`, wins`;
    return [{ line, message, hint: 'move it above that line' }];
  });
}
