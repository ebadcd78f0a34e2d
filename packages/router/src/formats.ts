import type { Fault, Outcome } from './diagnostic.ts';
import { isToken, parseField, parseFieldMatch, parseFieldName } from './field.ts';
import { hostFault, parseAuthority } from './host.ts';
import { parseNetworks } from './network.ts';
import type { Balance, TextValues } from './option.ts';
import { parseRewrite } from './rewrite.ts';
import { didYouMean } from './suggest.ts';
import { parseTargets } from './target.ts';
import { isUpstream, parseUpstream } from './upstream.ts';

interface Format<T> {
  /** How it is written, for the docs. */
  readonly syntax: string;
  /** Of a text that isn't empty. */
  parse(text: string): Outcome<T>;
}

/** The types of options that have a form of their own. */
export const formats: { readonly [Type in keyof TextValues]: Format<TextValues[Type]> } = {
  string: { syntax: 'text', parse: (value) => ({ value }) },
  boolean: { syntax: '`true`, `false`', parse: parseBoolean },
  prefix: { syntax: '`/path`', parse: (text) => unless(pathFault(text, false), text) },
  path: { syntax: '`/path`, `/path?query`', parse: (text) => unless(pathFault(text, true), text) },
  file: { syntax: 'path of a file', parse: (text) => unless(fileFault(text), text) },
  field: { syntax: '`Name: value`', parse: parseField },
  'field name': { syntax: '`Name`', parse: parseFieldName },
  'field match': { syntax: '`Name: value`, `Name`', parse: parseFieldMatch },
  networks: { syntax: 'addresses and networks: `10.0.0.7 10.1.0.0/16 ::1`', parse: parseNetworks },
  statuses: { syntax: 'statuses: `200-399 404`', parse: parseStatuses },
  balance: {
    syntax: '`round-robin`, `least-connections`, `ip-hash`, `header-hash NAME`, `cookie-hash NAME`',
    parse: parseBalance,
  },
  rewrite: { syntax: '`REGEX REPLACEMENT`', parse: parseRewrite },
  authority: { syntax: '`keep`, `upstream`, `name:port`', parse: parseHost },
  'host name': { syntax: 'host name', parse: (text) => unless(hostFault(text), text) },
  upstream: { syntax: 'an upstream', parse: parseOneUpstream },
  targets: { syntax: "as behind a route's `=`", parse: parseCanary },
};

function unless<T>(fault: Fault | undefined, value: T): Outcome<T> {
  return fault ? { fault } : { value };
}

function parseBoolean(text: string): Outcome<boolean> {
  if (text === 'true' || text === 'false') return { value: text === 'true' };
  const message = `\`${text}\` is not true or false`;
  if (/^(1|on|yes|true)$/i.test(text)) return { fault: { message, hint: 'write `true`' } };
  if (/^(0|off|no|false)$/i.test(text)) return { fault: { message, hint: 'write `false`' } };
  return { fault: { message } };
}

function pathFault(path: string, query: boolean): Fault | undefined {
  if (!path.startsWith('/')) {
    const hint = path.includes('://') ? 'write the path alone' : `write \`/${path}\``;
    return { message: `\`${path}\` does not begin with \`/\``, hint };
  }
  if (/[^\x21-\x7e]/.test(path)) {
    return { message: `\`${path}\` has what no path has`, hint: `write \`${encodeURI(path)}\`` };
  }
  if (!query && path.includes('?')) {
    return { message: `\`${path}\` has a query`, hint: 'end it before the `?`' };
  }
  return undefined;
}

function fileFault(path: string): Fault | undefined {
  if (!/\p{Cc}/u.test(path)) return undefined;
  return { message: 'the path of a file has a control character', hint: 'delete it' };
}

function parseStatuses(text: string): Outcome<readonly (readonly [number, number])[]> {
  const ranges: [number, number][] = [];
  for (const word of text.split(/[ \t]+/)) {
    const [, from, to = from] = /^([2-5]\d\d)(?:-([2-5]\d\d))?$/.exec(word) ?? [];
    if (from === undefined || from > to!) {
      const hint = 'write statuses from 200 to 599: 200-399 404';
      return { fault: { message: `\`${word}\` is no status or range of them`, hint } };
    }
    ranges.push([Number(from), Number(to)]);
  }
  return { value: ranges };
}

const plainBalances = ['round-robin', 'least-connections', 'ip-hash'] as const;
const namedBalances = ['header-hash', 'cookie-hash'] as const;

function parseBalance(text: string): Outcome<Balance> {
  const [word, ...names] = text.split(/[ \t]+/);
  const plain = plainBalances.find((kind) => kind === word);
  const named = namedBalances.find((kind) => kind === word);
  if (plain && names.length === 0) return { value: { kind: plain } };
  if (plain) return { fault: { message: `\`${text}\` says too much`, hint: `write \`${plain}\`` } };
  if (named && names.length === 1 && isToken(names[0])) return { value: { kind: named, name: names[0] } };
  if (named) {
    const what = named === 'header-hash' ? 'header' : 'cookie';
    const hint = `write \`${named} NAME\`, with the name of a ${what}`;
    return { fault: { message: `\`${text}\` names no ${what}`, hint } };
  }
  const hint = didYouMean(word, [...plainBalances, ...namedBalances]);
  return { fault: { message: `\`${word}\` is no way to balance`, hint } };
}

function parseHost(text: string): Outcome<string> {
  if (text === 'keep' || text === 'upstream') return { value: text };
  const [, rest] = /^\w+:\/\/([^/]*)/.exec(text) ?? [];
  if (rest !== undefined) return { fault: { message: `\`${text}\` is no Host`, hint: `write \`${rest}\`` } };
  const outcome = parseAuthority(text);
  return 'fault' in outcome ? outcome : { value: text };
}

function parseOneUpstream(text: string): Outcome<TextValues['upstream']> {
  if (isUpstream(text) && !/\s/.test(text)) return parseUpstream(text);
  return {
    fault: { message: `\`${text}\` is not one upstream`, hint: 'write one: `http://127.0.0.1:3000`' },
  };
}

function parseCanary(text: string): Outcome<TextValues['targets']> {
  const outcome = parseTargets(text);
  if ('fault' in outcome || outcome.value[0].kind !== 'return') return outcome;
  return { fault: { message: 'a canary is no answer of its own', hint: 'name a library or upstreams' } };
}
