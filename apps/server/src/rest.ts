// Gives back the memory that work has left behind. V8 and malloc keep what they once had for the next burst, the
// compiler's threads their scratch space too: about half of what the idle server would hold, and a fifth of the busy one.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import koffi from 'koffi';

const LOOK_MS = 2000;
/** Less of the processor's time than this, of all threads, in a thousand is nothing to do. */
const LITTLE = 5;
/** A rest takes about 20 ms, so there are at least so many looks between two. */
const APART = 5;
/** malloc's free memory is looked through in 0.1 to 0.6 ms, unless an executor has very much of it. */
const TRIM_MAX_MS = 2;

/**
 * Trims while the process works, as long as that is quick, and rests whenever it has had nothing to do for some
 * seconds; keeps no process alive. giveBack: begins a rest.
 */
export function restWhenQuiet(giveBack: () => void, lookMs: number = LOOK_MS): void {
  const trim = bindTrim();
  let before = process.cpuUsage();
  let worked = true; // it has started
  let looks = APART;
  let quick = true;
  setInterval(() => {
    looks++;
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    if (user + system > LITTLE * lookMs) {
      worked = true;
      const begun = performance.now();
      if (quick) trim(0);
      quick &&= performance.now() - begun < TRIM_MAX_MS;
    } else if (worked && looks >= APART) {
      giveBack();
      collect();
      trim(0);
      before = process.cpuUsage();
      worked = false;
      quick = true;
      looks = 0;
    }
  }, lookMs).unref();
}

/** Only this kind of collection gives back the pages that it frees. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  const gc: NodeJS.GCFunction = runInNewContext('gc'); // the flag counts for contexts made after it
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

function bindTrim(): (pad: number) => void {
  try {
    return koffi.load('libc.so.6').func('int malloc_trim(size_t)');
  } catch {
    return () => {}; // another libc than glibc
  }
}
