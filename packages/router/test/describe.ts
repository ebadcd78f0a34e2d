import { type Config, formatDiagnostic, routeOptions, serverOptions, type Target } from '../src/index.ts';
import { defaultsOf } from '../src/values.ts';

/** What the file says, a line each: its routes, options that aren't at their defaults, warnings and errors. */
export function describeConfig({ routes, server, warnings, errors }: Config): string {
  const set = (options: object, defaults: object) => {
    const values = new Map(Object.entries(defaults));
    return Object.entries(options).flatMap(([name, value]) =>
      describeValue(value) === describeValue(values.get(name)) ? [] : [`${name} ${describeValue(value)}`],
    );
  };
  return [
    ...routes.map(({ line, key, header, pathPrefix, targets, options }) =>
      [
        `f:${line}: [${key}]`,
        ...(header ? [`${header.name} "${header.valuePrefix}"`] : []),
        `path "${pathPrefix}"`,
        ...targets.map(describeTarget),
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

/** What the file says that isn't at its default: weights but 1, ports always. */
function describeTarget(target: Target): string {
  switch (target.kind) {
    case 'library':
      return `library ${target.path}`;
    case 'image': {
      const { registry, repository, tag, digest, plain } = target.reference;
      const parts = Object.entries({ registry, repository, tag, digest });
      const said = parts.flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
      return ['image', ...said, ...(plain ? ['plain'] : [])].join(' ');
    }
    case 'upstream': {
      const { url, secure, host, port, socket, weight, backup } = target;
      const where = socket === null ? `${secure ? 'tls' : 'tcp'} ${host} ${port}` : `socket ${socket}`;
      return `upstream ${url} (${where}${weight === 1 ? '' : ` weight ${weight}`}${backup ? ' backup' : ''})`;
    }
    case 'return': {
      const { status, location, text } = target;
      const parts = location?.map((part) => (typeof part === 'string' ? `"${part}"` : part.placeholder));
      return ['return', status, ...(parts ?? []), ...(text === undefined ? [] : [`"${text}"`])].join(' ');
    }
  }
}

/** Values as one reads them: lists in brackets, patterns between slashes, parts of a whole by name. */
function describeValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(describeValue).join(', ')}]`;
  if (value instanceof RegExp || typeof value !== 'object' || value === null) return String(value);
  if ('kind' in value && value.kind === 'library') return describeTarget(value as Target);
  if ('kind' in value && value.kind === 'image') return describeTarget(value as Target);
  if ('kind' in value && value.kind === 'upstream') return describeTarget(value as Target);
  return Object.entries(value)
    .map(([name, part]) => `${name} ${describeValue(part)}`)
    .join(' ');
}
