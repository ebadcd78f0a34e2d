import type { Targets, UpstreamTarget } from './config.ts';
import { areUpstreams } from './config.ts';
import type { Fault } from './diagnostic.ts';
import type { Option } from './option.ts';
import type { RouteOptions } from './options.ts';
import type { Section } from './section.ts';

/** What is wrong with the options of a route together, and with what it goes to; each line has at most one fault. */
export function findMisfits(
  targets: Targets,
  { name: key, table, values, lines }: Section,
): (Fault & { line: number })[] {
  const { canary, mirror } = values as Partial<RouteOptions>;
  // What a faulty one would have been, nobody knows.
  const isWhole = ['canary', 'mirror'].every(
    (name) => lines[name] === undefined || Object.hasOwn(values, name),
  );
  const all = [targets, ...(canary ? [canary] : [])];
  const kinds = new Set<string>(all.map(([{ kind }]) => kind));
  if (kinds.has('image')) kinds.add('library');
  const upstreams: UpstreamTarget[] = [...all.filter(areUpstreams).flat(), ...(mirror ? [mirror] : [])];
  const isSecure = upstreams.some(({ secure }) => secure);

  function misfit(name: string, option: Option): Fault | undefined {
    if (kinds.has('return')) {
      return {
        message: `\`${name}\` has no meaning here`,
        hint: `${key} has an answer of its own: delete it`,
      };
    }
    if (isWhole && option.for && !kinds.has(option.for)) {
      const meant = { library: 'libraries', image: 'images', upstream: 'upstreams' }[option.for];
      const actual = kinds.has('upstream') ? 'upstreams' : 'a library';
      return { message: `\`${name}\` is for ${meant}`, hint: `${key} goes to ${actual}: delete it` };
    }
    if (isWhole && option.secure && !isSecure) {
      return { message: `\`${name}\` is for https://`, hint: `no upstream of ${key} is: delete it` };
    }
    if (option.needs && !option.needs.some((other) => lines[other] !== undefined)) {
      const others = option.needs.map((other) => `\`${other}\``).join(' or ');
      return { message: `\`${name}\` needs ${others}`, hint: 'set it too, or delete this' };
    }
    return undefined;
  }

  return Object.entries(lines).flatMap(([name, line]) => {
    const fault = misfit(name, table[name]);
    return fault ? [{ ...fault, line }] : [];
  });
}
