import { closest } from 'fastest-levenshtein';
import type { Fault } from './diagnostic.ts';
import type { OptionTable } from './option.ts';
import { routeOptions, serverOptions } from './options.ts';
import { keyIdentity } from './rule.ts';
import { didYouMean } from './suggest.ts';
import { synonyms, targetWords } from './synonyms.ts';
import { parseOption } from './values.ts';

/** What options may be set under a name, and those that were, with the line of each. */
export interface Section {
  readonly name: string;
  readonly table: OptionTable;
  readonly values: Record<string, unknown>;
  /** Of an option that was given several times, the first. */
  readonly lines: Record<string, number>;
}

export function newSection(name: string, table: OptionTable): Section {
  return { name, table, values: {}, lines: {} };
}

/**
 * The section of this name or, so that its options are checked too, one like the nearest and a fault. suggest: the
 * nearest may be looked for, which takes its time among thousands.
 */
export function findSection(
  sections: ReadonlyMap<string, Section>,
  name: string,
  suggest: boolean,
): { section: Section; fault?: Fault } {
  const section = sections.get(keyIdentity(name));
  if (section) return { section };
  const message = `[${name}] is neither a route nor [server]`;
  if (!suggest) return { section: newSection(name, routeOptions), fault: { message } };
  const names = [...sections.values()].map((known) => known.name);
  const nearest = closest(name, names);
  const { table } = sections.get(keyIdentity(nearest))!;
  return { section: newSection(name, table), fault: { message, hint: `did you mean [${nearest}]?` } };
}

/** Sets an option of the section, or says why not. */
export function setOption(section: Section, name: string, text: string, line: number): Fault | undefined {
  if (!Object.hasOwn(section.table, name)) {
    const message = `[${section.name}] has no option \`${name}\``;
    return { message, hint: likelyMeant(section.table, name) };
  }
  const option = section.table[name];
  const earlier = section.lines[name];
  if (earlier && !option.repeatable)
    return { message: `\`${name}\` is set on line ${earlier} already`, hint: 'delete one' };
  section.lines[name] = earlier ?? line;
  const outcome = parseOption(option, text);
  if ('fault' in outcome) return { ...outcome.fault, message: `\`${name}\`: ${outcome.fault.message}` };
  const others = (section.values[name] ?? []) as unknown[];
  section.values[name] = option.repeatable ? [...others, outcome.value] : outcome.value;
  return undefined;
}

/** The hint for a name that is no option of this kind of section. */
function likelyMeant(table: OptionTable, name: string): string {
  const place = elsewhere(table, name);
  if (place) return `it belongs in ${place}`;
  if (targetWords.has(name)) return 'write `/prefix = http://…`, above all sections';
  const meant = synonyms.get(name);
  if (!meant) return didYouMean(name, Object.keys(table));
  const there = elsewhere(table, meant[0]);
  const names = meant.map((name) => `\`${name}\``).join(' or ');
  return there ? `write ${names} in ${there}` : `write ${names}`;
}

/** The other kind of section, if it alone has the option. */
function elsewhere(table: OptionTable, name: string): string | undefined {
  if (Object.hasOwn(table, name)) return undefined;
  if (Object.hasOwn(serverOptions, name)) return '[server]';
  return Object.hasOwn(routeOptions, name) ? "a route's section" : undefined;
}
