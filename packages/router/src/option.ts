import type { Targets, UpstreamTarget } from './config.ts';

interface Common {
  /** One line for the operator. */
  readonly doc: string;
  /** The value when the option is not given, as one would write it; without it the value is undefined… */
  readonly default?: string;
  /** …and this says in words what holds then. */
  readonly unset?: string;
  /** May be given several times: its value is the array of all. */
  readonly repeatable?: true;
  /** The only kind of route that it is for; an image is a library too. */
  readonly for?: 'library' | 'image' | 'upstream';
  /** It is for https:// alone. */
  readonly secure?: true;
  /** Options of which one must be given too. */
  readonly needs?: readonly string[];
  /** The environment variable that wins over the file; the server reads it. */
  readonly env?: string;
  /** The unit of the variable's plain number, when it is one. */
  readonly envUnit?: string;
}

/** Bounds are written as in the file. */
export type AmountType = 'duration' | 'size' | 'integer' | 'percent';

export type Option =
  | (Common & { readonly type: AmountType; readonly min: string; readonly max: string })
  | (Common & { readonly type: 'enum'; readonly values: readonly string[] })
  | (Common & { readonly type: keyof TextValues });

export type OptionTable = Readonly<Record<string, Option>>;

/** What is done for which upstream has a request. */
export type Balance =
  | { readonly kind: 'round-robin' | 'least-connections' | 'ip-hash' }
  | { readonly kind: 'header-hash' | 'cookie-hash'; readonly name: string };

export interface Field {
  readonly name: string;
  readonly value: string;
}

/** A field of this name, in any case; with this very value, unless that is undefined. */
export interface FieldMatch {
  readonly name: string;
  readonly value: string | undefined;
}

export interface Rewrite {
  readonly pattern: RegExp;
  readonly replacement: string;
}

/** The types whose texts have a form of their own, and what they become; `formats.ts` reads them. */
export interface TextValues {
  string: string;
  boolean: boolean;
  /** A path without query. */
  prefix: string;
  /** A path, with or without query. */
  path: string;
  /** As written. */
  file: string;
  field: Field;
  'field name': string;
  'field match': FieldMatch;
  networks: readonly string[];
  statuses: readonly (readonly [from: number, to: number])[];
  balance: Balance;
  rewrite: Rewrite;
  /** `keep`, `upstream`, or a Host. */
  authority: string;
  'host name': string;
  upstream: UpstreamTarget;
  /** No answer of the configuration's own. */
  targets: Targets;
}

/** A value as it is read once. */
export type SingleValue<O extends Option> = O extends { readonly values: readonly (infer Value)[] }
  ? Value
  : O extends { readonly type: keyof TextValues }
    ? TextValues[O['type']]
    : number;

/** The parsed values of a table's options: durations in milliseconds, sizes in bytes, shares in percent. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends { readonly repeatable: true }
    ? readonly SingleValue<Table[Name]>[]
    : SingleValue<Table[Name]> | (Table[Name] extends { readonly default: string } ? never : undefined);
};
