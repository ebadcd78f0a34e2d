import { formats } from './formats.ts';
import type { Option, OptionTable } from './option.ts';
import { routeOptions, serverOptions } from './options.ts';

/** The page with each of its option tables, between the markers that name them, written anew. */
export function renewTables(page: string): string {
  return [['route', routeOptions] as const, ['server', serverOptions] as const].reduce(
    (text, [name, table]) => {
      const begin = `<!-- options: ${name} -->\n`;
      const from = text.indexOf(begin);
      const to = text.indexOf('<!-- end -->', from);
      if (from === -1 || to === -1) throw new Error(`no ${begin.trim()} … <!-- end -->`);
      return `${text.slice(0, from)}${begin}\n${optionsTable(table)}\n${text.slice(to)}`;
    },
    page,
  );
}

function optionsTable(table: OptionTable): string {
  const withEnv = Object.values(table).some((option) => option.env);
  const rows = Object.entries(table).map(([name, option]) => [
    `\`${name}\``,
    valuesOf(option),
    option.default === undefined ? (option.unset ?? 'none') : `\`${option.default}\``,
    ...(withEnv ? [variableOf(option)] : []),
    option.doc,
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

function variableOf({ env, envUnit }: Option): string {
  return env ? `\`${env}\`${envUnit ? ` in ${envUnit}` : ''}` : '';
}
