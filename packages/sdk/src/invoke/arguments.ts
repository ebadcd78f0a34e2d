import type { FlexilibError } from '@flexilib/native';
import { parseOption, routeOptions } from '@flexilib/router';
import { readArguments, usageError } from '../arguments.ts';

/** A piece of the body: a text, or a file's bytes. */
export type Piece = { text: string } | { file: string; lines: boolean };

export interface Invocation {
  library: string;
  path: string;
  method: string | undefined;
  fields: [name: string, value: string][];
  /** Joined with &; null: no body. */
  body: Piece[] | null;
  include: boolean;
  head: boolean;
  output: string | undefined;
  verbose: boolean;
  fail: boolean;
  leaks: boolean;
  /** Milliseconds. */
  timeout: number | undefined;
}

const options = {
  request: { type: 'string', short: 'X' },
  header: { type: 'string', short: 'H', multiple: true },
  data: { type: 'string', short: 'd', multiple: true },
  'data-binary': { type: 'string', multiple: true },
  include: { type: 'boolean', short: 'i' },
  head: { type: 'boolean', short: 'I' },
  output: { type: 'string', short: 'o' },
  verbose: { type: 'boolean', short: 'v' },
  fail: { type: 'boolean', short: 'f' },
  leaks: { type: 'boolean' },
  timeout: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** The command line's meaning; null: help is wanted. Throws FL_USAGE. */
export function parseInvocation(args: string[]): Invocation | null {
  const { values, positionals, tokens } = readArguments('invoke', {
    args,
    options,
    allowPositionals: true,
    tokens: true,
  });
  if (values.help) return null;
  const [library, path = '/', ...rest] = positionals;
  if (library === undefined) throw usage('invoke takes a library and a path');
  if (rest.length > 0) throw usage(`invoke takes one library and one path, not ${rest[0]}`);
  if (!/^(\/|\*$|https?:\/\/)/.test(path)) throw usage(`${path} is no path: it begins with /`);
  const body = tokens.flatMap((token) => {
    if (token.kind !== 'option' || token.value === undefined) return [];
    if (token.name === 'data') return [pieceOf(token.value, true)];
    return token.name === 'data-binary' ? [pieceOf(token.value, false)] : [];
  });
  if (values.head && body.length > 0) throw usage('-I asks for the head alone, and sends no data');
  return {
    library,
    path,
    method: values.request,
    fields: (values.header ?? []).map(fieldOf),
    body: body.length > 0 ? body : null,
    include: values.include ?? false,
    head: values.head ?? false,
    output: values.output,
    verbose: values.verbose ?? false,
    fail: values.fail ?? false,
    leaks: values.leaks ?? false,
    timeout: values.timeout === undefined ? undefined : timeOf(values.timeout),
  };
}

const usage = (what: string): FlexilibError => usageError('invoke', what);

/** As curl has it: of a file given to -d the line ends go. */
function pieceOf(value: string, lines: boolean): Piece {
  return value.startsWith('@') ? { file: value.slice(1), lines } : { text: value };
}

/** «Name: value»; «Name;» has no value. */
function fieldOf(text: string): [name: string, value: string] {
  const [, name, value] = /^([^:;]+)(?::(.+)|;)$/s.exec(text) ?? [];
  if (name === undefined) throw usage(`-H wants 'Name: value', not '${text}'`);
  return [name.trim(), (value ?? '').trim()];
}

function timeOf(text: string): number {
  const outcome = parseOption(routeOptions.timeout, text);
  if ('fault' in outcome) throw usage(`--timeout: ${outcome.fault.message}`);
  return Number(outcome.value);
}
