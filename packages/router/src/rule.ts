import type { Rule } from './config.ts';
import type { Fault, Outcome } from './diagnostic.ts';

/** The key as one shows it. */
export function collapseBlanks(key: string): string {
  return key.replace(/[ \t]+/g, ' ');
}

/** The same text for keys that mean the same rule: blanks collapsed, the header's name in lower case. */
export function keyIdentity(key: string): string {
  return collapseBlanks(key).replace(/^([^/:][^:]*): ?/, (_, name: string) => `${name.toLowerCase()}: `);
}

/** Whether this is the key of a route rather than the name of an option. */
export function isRouteKey(key: string): boolean {
  return key.startsWith('/') || key.includes(':');
}

/** Reads `/path` or `Header: value /path`. */
export function parseRule(key: string): Outcome<Rule> {
  if (key.startsWith('/') || !key.includes(':')) {
    const fault = pathFault(key);
    return fault ? { fault } : { value: { header: null, pathPrefix: key } };
  }
  const colon = key.indexOf(':');
  const name = key.slice(0, colon);
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
    const hint = 'write `Header: value /path`, or begin a path prefix with `/`';
    return { fault: { message: `\`${name}\` is not a header name`, hint } };
  }
  const rest = key.slice(colon + 1).trim();
  const blank = Math.max(rest.lastIndexOf(' '), rest.lastIndexOf('\t'));
  const pathPrefix = rest.slice(blank + 1);
  if (!pathPrefix.startsWith('/')) {
    const hint = `write \`${collapseBlanks(key)} /path = …\`; the key ends at the first \`=\``;
    return { fault: { message: 'the header rule has no path', hint } };
  }
  const fault = pathFault(pathPrefix);
  if (fault) return { fault };
  return { value: { header: { name, valuePrefix: rest.slice(0, Math.max(blank, 0)).trim() }, pathPrefix } };
}

function pathFault(prefix: string): Fault | undefined {
  if (!prefix.startsWith('/')) {
    return { message: `\`${prefix}\` does not begin with \`/\``, hint: `write \`/${prefix}\`` };
  }
  if (/[ \t]/.test(prefix)) {
    return { message: `\`${prefix}\` cannot match: no path has a blank`, hint: 'write %20 for one' };
  }
  if (prefix.includes('?')) {
    const hint = 'end the prefix before the `?`';
    return { message: `\`${prefix}\` cannot match: the query is no part of the path`, hint };
  }
  return undefined;
}
