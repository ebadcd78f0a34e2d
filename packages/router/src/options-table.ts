import { formats } from './formats.ts';
import type { Option, OptionTable } from './option.ts';
import { routeOptions, serverOptions } from './options.ts';

/** The page with each of its option tables, between the markers that name them, written anew. */
export function renewTables(page: string): string {
  const kind = (kind: Option['for']) =>
    Object.fromEntries(Object.entries<Option>(routeOptions).filter(([, option]) => option.for === kind));
  const tables: readonly [name: string, table: OptionTable][] = [
    ['route', kind(undefined)],
    ['library', kind('library')],
    ['image', kind('image')],
    ['upstream', kind('upstream')],
    ['server', serverOptions],
  ];
  return tables.reduce((text, [name, table]) => {
    const begin = `<!-- options: ${name} -->\n`;
    const from = text.indexOf(begin);
    const to = text.indexOf('<!-- end -->', from);
    if (from === -1 || to === -1) throw new Error(`no ${begin.trim()} … <!-- end -->`);
    return `${text.slice(0, from)}${begin}\n${optionsTable(table)}\n${text.slice(to)}`;
  }, page);
}

function optionsTable(table: OptionTable): string {
  const withEnv = Object.values(table).some((option) => option.env);
  const rows = Object.entries(table).map(([name, option]) => [
    `\`${name}\``,
    valuesOf(option),
    option.default === undefined ? (option.unset ?? 'none') : `\`${option.default}\``,
    ...(withEnv ? [variableOf(option)] : []),
    meaningOf(option),
  ]);
  const header = ['Option', 'Value', 'Default', ...(withEnv ? ['Environment'] : []), 'Meaning'];
  const rule = header.map(() => '---');
  return [header, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function valuesOf(option: Option): string {
  if ('values' in option) return option.values.map((value) => `\`${value}\``).join(', ');
  if ('min' in option) return `${option.type}, ${option.min} to ${option.max}`;
  return formats[option.type].syntax;
}

function meaningOf({ doc, repeatable, secure, needs }: Option): string {
  const also = [
    ...(repeatable ? ['may be given several times'] : []),
    ...(secure && !needs ? ['only with https://'] : []),
    ...(needs ? [`only with ${needs.map((name) => `\`${name}\``).join(' or ')}`] : []),
  ];
  return [doc, ...also].join('. ').replace(/\. (.)/g, (_, first: string) => `. ${first.toUpperCase()}`);
}

function variableOf({ env, envUnit }: Option): string {
  return env ? `\`${env}\`${envUnit ? ` in ${envUnit}` : ''}` : '';
}
