import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Config, formatDiagnostic, parseConfig, routeOptions, serverOptions } from '../src/index.ts';
import { defaultsOf } from '../src/values.ts';

const folder = new URL('golden/', import.meta.url);

/** Golden files: `=== name`, the text of a proxy.ini, `---`, what it means. */
for (const file of readdirSync(folder)) {
  describe(file, () => {
    for (const part of readFileSync(new URL(file, folder), 'utf8').split(/^=== /m).slice(1)) {
      const [, name, input, expected] = /^(.*)\n([\s\S]*?)^---\n([\s\S]*)$/m.exec(part)!;
      test(name!, () => expect(describeConfig(parseConfig(input!, 'f'))).toBe(expected));
    }
  });
}

/** What the file says, a line each: its routes, options that aren't at their defaults, warnings and errors. */
function describeConfig({ routes, server, warnings, errors }: Config): string {
  const set = (options: object, defaults: object) => {
    const values = new Map(Object.entries(defaults));
    return Object.entries(options).flatMap(([name, value]) =>
      value === values.get(name) ? [] : [`${name} ${value}`],
    );
  };
  return [
    ...routes.map(({ line, key, header, pathPrefix, targets, options }) =>
      [
        `f:${line}: [${key}]`,
        ...(header ? [`${header.name} "${header.valuePrefix}"`] : []),
        `path "${pathPrefix}"`,
        ...targets.map((target) => `${target.kind} ${target.path}`),
        ...set(options, defaultsOf(routeOptions)),
      ].join(' | '),
    ),
    ...set(server, defaultsOf(serverOptions)).map((text) => `server: ${text}`),
    ...warnings.map((warning) => `warning ${formatDiagnostic(warning)}`),
    ...errors.map((error) => `error ${formatDiagnostic(error)}`),
  ]
    .map((line) => `${line}\n`)
    .join('');
}
