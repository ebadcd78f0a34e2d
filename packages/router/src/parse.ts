import { closest } from 'fastest-levenshtein';
import type { Config, Route, Rule, Target } from './config.ts';
import type { Diagnostic, Fault } from './diagnostic.ts';
import {
  type OptionTable,
  type RouteOptions,
  routeOptions,
  type ServerOptions,
  serverOptions,
} from './options.ts';
import { collapseBlanks, isRouteKey, keyIdentity, parseRule } from './rule.ts';
import { readStatements } from './statements.ts';
import { parseTargets } from './target.ts';
import { findUnreachable } from './unreachable.ts';
import { defaultsOf, didYouMean, parseOption } from './values.ts';

/** What options may be set under a name, and those that were, with the line of each. */
interface Section {
  readonly name: string;
  readonly table: OptionTable;
  readonly values: Record<string, number | string>;
  readonly lines: Map<string, number>;
}

/** Parses the text of a proxy.ini; `file` only names it in errors. Never throws: look at `errors`. */
export function parseConfig(text: string, file: string): Config {
  const errors: Diagnostic[] = [];
  const fail = (line: number, fault: Fault) => errors.push({ file, line, ...fault });
  const server = newSection('server', serverOptions);
  const sections = new Map([['server', server]]);
  const found: (Rule & { key: string; line: number; targets: readonly Target[]; section: Section })[] = [];
  let current: { readonly section: Section; readonly line: number } | undefined;

  for (const statement of readStatements(text)) {
    const { line } = statement;
    if (statement.kind === 'fault') {
      fail(line, statement.fault);
    } else if (statement.kind === 'section') {
      const { section, fault } = findSection(sections, collapseBlanks(statement.name));
      if (fault) fail(line, fault);
      current = { section, line };
    } else if (current && !isRouteKey(statement.key)) {
      const fault = setOption(current.section, statement.key, statement.value, line);
      if (fault) fail(line, fault);
    } else if (isOption(statement.key)) {
      fail(line, strayOption(statement.key));
    } else {
      const key = collapseBlanks(statement.key);
      const section = sections.get(keyIdentity(key)) ?? newSection(key, routeOptions);
      sections.set(keyIdentity(key), section);
      const rule = parseRule(statement.key);
      const targets = parseTargets(statement.value);
      if (current) fail(line, lateRoute(current));
      if ('fault' in rule) fail(line, rule.fault);
      if ('fault' in targets) fail(line, targets.fault);
      if ('fault' in rule || 'fault' in targets || current) continue;
      found.push({ key, line, ...rule.value, targets: targets.value, section });
    }
  }

  const defaults = defaultsOf(routeOptions);
  const routes = found.map(({ section, ...route }): Route => {
    return { ...route, options: { ...defaults, ...section.values } as RouteOptions };
  });
  return {
    routes,
    server: { ...defaultsOf(serverOptions), ...server.values } as ServerOptions,
    warnings: findUnreachable(routes).map((fault) => ({ file, ...fault })),
    errors,
  };
}

function newSection(name: string, table: OptionTable): Section {
  return { name, table, values: {}, lines: new Map() };
}

/** The section of this name or, so that its options are checked too, one like the nearest and a fault. */
function findSection(
  sections: ReadonlyMap<string, Section>,
  name: string,
): { section: Section; fault?: Fault } {
  const section = sections.get(keyIdentity(name));
  if (section) return { section };
  const names = [...sections.values()].map((known) => known.name);
  const nearest = closest(name, names);
  const { table } = sections.get(keyIdentity(nearest))!;
  const message = `[${name}] is neither a route nor [server]`;
  return { section: newSection(name, table), fault: { message, hint: `did you mean [${nearest}]?` } };
}

/** Sets an option of the section, or says why not. */
function setOption(section: Section, name: string, text: string, line: number): Fault | undefined {
  if (!Object.hasOwn(section.table, name)) {
    const message = `[${section.name}] has no option \`${name}\``;
    const hint = elsewhere(section.table, name) ?? didYouMean(name, Object.keys(section.table));
    return { message, hint };
  }
  const earlier = section.lines.get(name);
  if (earlier) return { message: `\`${name}\` is set on line ${earlier} already`, hint: 'delete one' };
  section.lines.set(name, line);
  const outcome = parseOption(section.table[name]!, text);
  if ('fault' in outcome) return { ...outcome.fault, message: `\`${name}\`: ${outcome.fault.message}` };
  section.values[name] = outcome.value;
  return undefined;
}

/** The hint for an option of the other kind of section. */
function elsewhere(table: OptionTable, name: string): string | undefined {
  if (table !== serverOptions && Object.hasOwn(serverOptions, name)) return 'it belongs in [server]';
  if (table !== routeOptions && Object.hasOwn(routeOptions, name)) return "it belongs in a route's section";
  return undefined;
}

function isOption(name: string): boolean {
  return Object.hasOwn(serverOptions, name) || Object.hasOwn(routeOptions, name);
}

function strayOption(name: string): Fault {
  const where = Object.hasOwn(serverOptions, name) ? '[server]' : '[the key of its route]';
  return {
    message: `\`${name}\` is an option, not a route`,
    hint: `put it under ${where}, after the routes`,
  };
}

function lateRoute({ section, line }: { section: Section; line: number }): Fault {
  const message = 'a route can not follow a section';
  return { message, hint: `move it above [${section.name}] on line ${line}` };
}
