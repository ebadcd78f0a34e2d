// Which target an upstream is asked for.
import type { UpstreamSpec } from './spec.ts';

/** A segment that leads nowhere or up, also where its dots are encoded. */
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/** Whether the upstream has the client's target as it is, but for absolute ones. */
export function isTargetKept({ options }: UpstreamSpec): boolean {
  return !options.strip_prefix && !options.add_prefix && options.rewrite.length === 0;
}

/**
 * The target for the upstream of one in origin or absolute form, which becomes origin form, or of `*`, which stays. Where
 * something is rewritten, nothing but visible ASCII comes out, and `..` can't lead out of add_prefix.
 */
export function rewriteTarget(spec: UpstreamSpec, target: string): string {
  if (target === '*') return target;
  const origin = target.startsWith('/') ? target : originForm(target);
  if (isTargetKept(spec)) return origin;

  const mark = origin.indexOf('?');
  let path = escapeBytes(mark === -1 ? origin : origin.slice(0, mark));
  let query = mark === -1 ? '' : origin.slice(mark);
  for (const { pattern, replacement } of spec.options.rewrite) {
    pattern.lastIndex = 0; // of a sticky or global one it moves
    path = path.replace(pattern, replacement);
  }
  // No path has a question mark: it is the replacement's own, and its query comes before the client's.
  const own = path.indexOf('?');
  if (own !== -1) {
    query = query.length > 1 ? `${path.slice(own)}&${query.slice(1)}` : path.slice(own);
    path = path.slice(0, own);
  }
  const { strip_prefix, add_prefix } = spec.options;
  const prefix = escapeText(spec.pathPrefix);
  if (strip_prefix && path.startsWith(prefix)) path = path.slice(prefix.length);
  path = withoutDots(oneSlash(path));
  if (add_prefix) path = oneSlash(add_prefix.replace(/\/$/, '') + path);
  return escapeText(path) + escapeText(escapeBytes(query));
}

/** Without its scheme and authority; an empty path is `/` (RFC 9112, 3.2.1). */
function originForm(target: string): string {
  const rest = /^[a-z][a-z\d+.-]*:\/\/[^/?]*(.*)$/is.exec(target)?.[1] ?? target;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** With one slash at its start: `//name` is another server's to whoever resolves it. */
function oneSlash(path: string): string {
  return path.startsWith('/') && path[1] !== '/' ? path : `/${path.replace(/^\/+/, '')}`;
}

/** RFC 3986, 5.2.4. */
function withoutDots(path: string): string {
  if (!DOT_SEGMENT.test(path)) return path;
  const kept: string[] = [];
  const segments = path.slice(1).split('/');
  for (const [i, segment] of segments.entries()) {
    const dots = segment.replace(/%2e/gi, '.');
    if (dots === '..') kept.pop();
    else if (dots !== '.') kept.push(segment);
    if ((dots === '..' || dots === '.') && i === segments.length - 1) kept.push('');
  }
  return oneSlash(kept.join('/'));
}

/** A client's bytes, as Latin-1, in visible ASCII. */
function escapeBytes(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, (char) => escapeByte(char.charCodeAt(0) & 0xff));
}

/** A configuration's text in visible ASCII, as UTF-8; `#` would end the target. */
function escapeText(text: string): string {
  return text.replace(/[^\x21-\x7e]+|#/g, (chars) => Array.from(Buffer.from(chars), escapeByte).join(''));
}

function escapeByte(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
