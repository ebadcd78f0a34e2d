import type { Outcome } from './diagnostic.ts';
import { formats } from './formats.ts';
import type { AmountType, Option, OptionTable, OptionValues, SingleValue } from './option.ts';
import { didYouMean } from './suggest.ts';

/** How the numeric types are called, written and counted: in milliseconds, bytes, percent, or simply in ones. */
const amounts = {
  duration: { name: 'a duration', example: ': 250ms, 5s, 2m', units: units({ ms: 1, s: 1000, m: 60_000 }) },
  size: { name: 'a size', example: ': 64k, 16m', units: units({ k: 1 << 10, m: 1 << 20, g: 1 << 30 }) },
  integer: { name: 'a whole number', example: '', units: units({ '': 1 }) },
  percent: { name: 'a percentage', example: ': 50%', units: units({ '%': 1 }) },
};

function units(factors: Readonly<Record<string, number>>): ReadonlyMap<string | undefined, number> {
  return new Map(Object.entries(factors));
}

/** Reads and checks an option's text: durations give milliseconds, sizes bytes. Never throws. */
export function parseOption<O extends Option>(option: O, text: string): Outcome<SingleValue<O>> {
  return parse(option, text) as Outcome<SingleValue<O>>;
}

function parse(option: Option, text: string): Outcome<unknown> {
  if (text === '') return { fault: { message: 'there is no value' } };
  switch (option.type) {
    case 'enum': {
      if (option.values.includes(text)) return { value: text };
      const message = `\`${text}\` is not ${option.values.join(' or ')}`;
      return { fault: { message, hint: didYouMean(text, option.values) } };
    }
    case 'duration':
    case 'size':
    case 'integer':
    case 'percent':
      return parseAmount(option, text);
    default:
      return formats[option.type].parse(text);
  }
}

function parseAmount(option: Option & { readonly type: AmountType }, text: string): Outcome<number> {
  const { name, example } = amounts[option.type];
  const range = `from ${option.min} to ${option.max}`;
  const value = amount(option.type, text);
  if (value === undefined) {
    return { fault: { message: `\`${text}\` is not ${name}`, hint: `write one ${range}${example}` } };
  }
  if (value < amount(option.type, option.min)! || value > amount(option.type, option.max)!) {
    return { fault: { message: `\`${text}\` is out of range`, hint: `write ${name} ${range}` } };
  }
  return { value };
}

/** The values that hold when no option of the table is given. */
export function defaultsOf<Table extends OptionTable>(table: Table): OptionValues<Table> {
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(table)) {
    const none = { value: option.repeatable ? [] : undefined };
    const outcome = option.default === undefined ? none : parseOption(option, option.default);
    if ('fault' in outcome) throw new Error(`the default of ${name}: ${outcome.fault.message}`);
    values[name] = outcome.value;
  }
  return values as OptionValues<Table>;
}

function amount(type: AmountType, text: string): number | undefined {
  const [, digits, unit] = /^(\d+)([a-z%]*)$/.exec(text) ?? [];
  const factor = amounts[type].units.get(unit);
  return factor === undefined ? undefined : Number(digits) * factor;
}
