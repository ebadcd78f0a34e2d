import type { Config, Route, Rule, Targets } from './config.ts';
import type { Diagnostic, Fault } from './diagnostic.ts';
import { optionDoubt, prefixDoubt } from './doubt.ts';
import { findMisfits } from './fit.ts';
import { type RouteOptions, routeOptions, type ServerOptions, serverOptions } from './options.ts';
import { collapseBlanks, isRouteKey, keyIdentity, parseRule } from './rule.ts';
import { findSection, newSection, type Section, setOption } from './section.ts';
import { readStatements } from './statements.ts';
import { synonyms, targetWords } from './synonyms.ts';
import { parseTargets } from './target.ts';
import { findUnreachable } from './unreachable.ts';
import { defaultsOf } from './values.ts';

/** For so many sections of no route the likeliest is looked for, which a reload would wait for. */
const SUGGESTIONS = 20;

/** Parses the text of a proxy.ini; `file` only names it in errors. Never throws: look at `errors`. */
export function parseConfig(text: string, file: string): Config {
  const errors: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  const fail = (line: number, fault: Fault) => errors.push({ file, line, ...fault });
  const warn = (line: number, fault: Fault) => warnings.push({ file, line, ...fault });
  const server = newSection('server', serverOptions);
  const sections = new Map([['server', server]]);
  const found: (Rule & { key: string; line: number; targets: Targets; section: Section })[] = [];
  let strange = 0;
  let current: { readonly section: Section; readonly line: number } | undefined;

  for (const statement of readStatements(text)) {
    const { line } = statement;
    if (statement.kind === 'fault') {
      fail(line, statement.fault);
    } else if (statement.kind === 'section') {
      const { section, fault } = findSection(sections, collapseBlanks(statement.name), strange < SUGGESTIONS);
      if (fault) strange++;
      if (statement.fault) fail(line, statement.fault);
      else if (fault) fail(line, fault);
      current = { section, line };
    } else if (current && !isRouteKey(statement.key)) {
      const { key: name, value } = statement;
      const fault = setOption(current.section, name, value, line);
      const doubt = fault ? undefined : optionDoubt(name, current.section.table[name], value);
      if (fault) fail(line, fault);
      else if (doubt) warn(line, doubt);
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
      const { header, pathPrefix } = rule.value;
      const doubt = prefixDoubt(pathPrefix);
      if (doubt) warn(line, doubt);
      found.push({ key, line, header, pathPrefix, targets: targets.value, section });
    }
  }

  const defaults: RouteOptions = defaultsOf(routeOptions);
  const checked = new Set<Section>(); // routes with one key share a section
  const routes = found.map(({ key, line, header, pathPrefix, targets, section }): Route => {
    if (Object.keys(section.lines).length === 0)
      return { key, line, header, pathPrefix, targets, options: defaults };
    if (!checked.has(section)) for (const misfit of findMisfits(targets, section)) fail(misfit.line, misfit);
    checked.add(section);
    const options = { ...defaults, ...section.values } as RouteOptions;
    return { key, line, header, pathPrefix, targets, options };
  });
  for (const fault of findUnreachable(routes)) warn(fault.line, fault);
  const byLine = (a: Diagnostic, b: Diagnostic) => a.line - b.line;
  return {
    routes,
    server: { ...defaultsOf(serverOptions), ...server.values } as ServerOptions,
    warnings: warnings.sort(byLine),
    errors: errors.sort(byLine),
  };
}

function isOption(name: string): boolean {
  if (synonyms.has(name) || targetWords.has(name)) return true;
  return Object.hasOwn(serverOptions, name) || Object.hasOwn(routeOptions, name);
}

function strayOption(name: string): Fault {
  if (targetWords.has(name))
    return { message: `\`${name}\` is not a route`, hint: 'write `/prefix = http://…`' };
  const meant = synonyms.get(name);
  const [option] = meant ?? [name];
  const places = [
    ...(Object.hasOwn(routeOptions, option) ? ['[the key of its route]'] : []),
    ...(Object.hasOwn(serverOptions, option) ? ['[server]'] : []),
  ];
  const what = meant ? `write ${meant.map((name) => `\`${name}\``).join(' or ')}` : 'put it';
  return {
    message: `\`${name}\` is an option, not a route`,
    hint: `${what} under ${places.join(' or ')}, after the routes`,
  };
}

function lateRoute({ section, line }: { section: Section; line: number }): Fault {
  const message = 'a route cannot follow a section';
  return { message, hint: `move it above [${section.name}] on line ${line}` };
}
