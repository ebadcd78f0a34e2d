// The report of a crash: what the runtime tells of it (runtime/report.c), and the lines of source, which another program
// finds (symbolize/main.zig): this process's memory may be damaged.
import { normalize } from 'node:path';
import { type Place, symbolize } from './symbolize.ts';

/** Symbolizers at a time. Crashes at other places meanwhile are told without lines. */
const RUNNING_MAX = 4;
const KNOWN_MAX = 64;

/** A library that crashes does so again, at the same place. By build and offsets; also what is being found. */
const known = new Map<string, Promise<Place[][]>>();
let running = 0;

/**
 * What to tell of a crash, or of where a call is: a headline, then a line a frame, and below it one for each function that it
 * was inlined in. text: Call.head, or what Runtime.abandon gave. build: tells the library's bytes from all others'; its file stays until the report is made. Never rejects.
 */
export async function reportOf(text: string, build: string): Promise<string> {
  const [headline, module, ...rest] = Buffer.from(text, 'latin1').toString().split('\n');
  const frames = rest.map((line) => {
    const [place, offset] = line.split('\t');
    return { place, offset };
  });
  const own = frames.filter(({ offset }) => offset !== undefined);
  const found = await find(
    module,
    own.map(({ offset }) => offset),
    build,
  );
  const told = new Map(own.map((frame, i) => [frame, found[i]]));
  const placesOf = (frame: (typeof frames)[number]): Place[] => {
    const [inner, ...outer] = told.get(frame) ?? [{ function: '', line: '' }];
    return [{ ...inner, function: inner.function || frame.place }, ...outer];
  };
  const lines = frames.map((frame, i) => {
    const [inner, ...outer] = placesOf(frame).map(tell);
    return [`\n  #${i} ${inner}`, ...outer.map((place) => `\n     inlined in ${place}`)].join('');
  });
  // The headline names the first frame of the library, as far as the dynamic linker knew it.
  const better = own.length > 0 ? headline.replace(own[0].place, () => nameOf(placesOf(own[0]))) : headline;
  return better + lines.join('');
}

/** Settles when the reports that are being made are made. */
export async function settleReports(): Promise<void> {
  await Promise.all(known.values());
}

function find(module: string, offsets: string[], build: string): Promise<Place[][]> {
  const key = `${build} ${offsets}`;
  const before = known.get(key);
  if (before) return before;
  if (offsets.length === 0 || running >= RUNNING_MAX) return Promise.resolve([]);
  const places = findNow(module, offsets).catch(() => []);
  known.set(key, places);
  if (known.size > KNOWN_MAX) known.delete(known.keys().next().value!);
  return places;
}

async function findNow(module: string, offsets: string[]): Promise<Place[][]> {
  // A copy in memory is a descriptor of this process.
  const path = module.replace(/^\/proc\/self\//, `/proc/${process.pid}/`);
  running += 1;
  try {
    // A fork takes the loop milliseconds: the client's answer goes before.
    await new Promise(setImmediate);
    return await symbolize(path, offsets);
  } finally {
    running -= 1;
  }
}

function nameOf(places: readonly Place[]): string {
  const [inner, outer] = [places[0].function, places.at(-1)!.function];
  return places.length > 1 ? `${inner}, inlined in ${outer}` : inner;
}

function tell({ function: name, line }: Place): string {
  return line ? `${name} at ${shorten(line)}` : name;
}

function shorten(line: string): string {
  const path = normalize(line);
  const here = `${process.cwd()}/`;
  return path.startsWith(here) ? path.slice(here.length) : path;
}
