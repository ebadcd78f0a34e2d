// What the kernel knows of a server: of its whole process tree, from /proc.
import { readdirSync, readFileSync } from 'node:fs';

/** Ticks a second in /proc: 100 on every Linux that Node runs on. */
const TICKS = 100;

interface Stat {
  parent: number;
  session: number;
  user: number;
  system: number;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // the process has gone
  }
}

function stat(pid: number): Stat | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (!text) return undefined;
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number); // the name may hold blanks
  return { parent: fields[1]!, session: fields[3]!, user: fields[11]!, system: fields[12]! };
}

/** The process, its descendants, and whoever is left of its session. Parents first. */
export function tree(root: number): number[] {
  const stats = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    const found = /^\d+$/.test(name) ? stat(Number(name)) : undefined;
    if (found) stats.set(Number(name), found);
  }
  const found = new Set<number>(stats.has(root) ? [root] : []);
  for (const pid of found) for (const [child, { parent }] of stats) if (parent === pid) found.add(child);
  for (const [pid, { session }] of stats) if (session === root) found.add(pid);
  return [...found];
}

export interface Cpu {
  user: number;
  system: number;
}

/** Seconds. */
export function cpu(pids: number[]): Cpu {
  const sum = { user: 0, system: 0 };
  for (const pid of pids) {
    const { user, system } = stat(pid) ?? sum;
    sum.user += user / TICKS;
    sum.system += system / TICKS;
  }
  return sum;
}

/** Milliseconds of their threads that still run: finer than cpu(), which counts in hundredths of a second. */
export function threadsCpuMs(pids: number[]): number {
  let sum = 0;
  for (const pid of pids) {
    try {
      for (const tid of readdirSync(`/proc/${pid}/task`))
        sum += Number(read(`/proc/${pid}/task/${tid}/schedstat`).split(' ')[0]) / 1e6;
    } catch {} // the process has gone
  }
  return sum;
}

/** Seconds that a core was busy with processes, or taken by the machine's host. */
export function coreBusy(core: number): number {
  const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(read('/proc/stat'))?.[1] ?? '';
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = line.split(' ').map(Number);
  return (user + nice + system + steal) / TICKS;
}

/** KiB. */
export interface Memory {
  rss: number;
  pss: number;
  dirty: number;
}

export function memory(pids: number[]): Memory {
  const sum = { rss: 0, pss: 0, dirty: 0 };
  for (const pid of pids) {
    const text = read(`/proc/${pid}/smaps_rollup`);
    const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
    sum.rss += field('Rss');
    sum.pss += field('Pss');
    sum.dirty += field('Private_Dirty');
  }
  return sum;
}

export interface Holdings {
  dirty: number;
  descriptors: number;
  threads: number;
  mappings: number;
}

/** What a leak would show in. */
export function holdings(pids: number[]): Holdings {
  const sum = { dirty: memory(pids).dirty, descriptors: 0, threads: 0, mappings: 0 };
  for (const pid of pids) {
    try {
      sum.descriptors += readdirSync(`/proc/${pid}/fd`).length;
      sum.threads += readdirSync(`/proc/${pid}/task`).length;
      sum.mappings += read(`/proc/${pid}/maps`).split('\n').length - 1;
    } catch {} // the process has gone
  }
  return sum;
}
