// A host in processes of its own: one at a time, and a fresh one after each that a call has crashed or hung in.
import { FlexilibError } from '@flexilib/native';
import type { Answer } from './call.ts';
import type { Growth } from './growth.ts';
import type { Host, HostOptions } from './host.ts';
import type { Question } from './messages.ts';
import { type Child, startChild } from './process.ts';
import type { Asked } from './request.ts';

/** The probe has 10 s for a library, and the load has; the process must come up too. */
const OPEN_MS = 25_000;
/** flexilib_unload, and the library's threads. */
const CLOSE_MS = 3000;

/** Loads the library into a process. Throws what openHost throws; FL_LIBRARY_CRASHED and FL_LIBRARY_TIMEOUT when the process does not survive it. */
export async function spawnHost({ onLog, ...options }: HostOptions): Promise<Host> {
  const { path, timeout } = options;

  async function open(): Promise<Child> {
    const child = startChild(onLog);
    try {
      const said = await child.ask({ what: 'open', options }, OPEN_MS);
      if ('value' in said) return child;
      const [code, how] =
        said.died === null
          ? (['FL_LIBRARY_TIMEOUT', 'did not return'] as const)
          : (['FL_LIBRARY_CRASHED', said.died] as const);
      throw new FlexilibError(code, `${path}: while it was loaded: ${how}`, { path });
    } catch (error) {
      child.end();
      throw error;
    }
  }

  let current: Promise<Child> | null = open();
  await current;

  async function ask(what: string, question: Question): Promise<unknown> {
    current ??= open();
    const own = current;
    const leave = () => {
      if (current === own) current = null;
    };
    own.catch(leave);
    const child = await own;
    try {
      const said = await child.ask(question, timeout);
      if ('value' in said) return said.value;
      const [code, text] =
        said.died === null
          ? (['FL_CALL_TIMEOUT', `no answer within ${timeout} ms`] as const)
          : (['FL_CALL_CRASHED', said.died] as const);
      throw new FlexilibError(code, `${path}: ${what}: ${text}`, { path });
    } catch (error) {
      const { code } = error as FlexilibError;
      if (code === 'FL_CALL_CRASHED' || code === 'FL_CALL_TIMEOUT') leave();
      throw error;
    } finally {
      if (current !== own && child.pending === 0) child.end();
    }
  }

  const name = ({ method, target }: Asked) => `${method} ${target}`;
  return {
    call: (asked) => ask(name(asked), { what: 'call', asked }) as Promise<Answer>,
    measure: (asked, calls) => ask(name(asked), { what: 'measure', asked, calls }) as Promise<Growth>,
    async close() {
      const child = await current?.catch(() => null);
      if (!child) return;
      const said = await child.ask({ what: 'close' }, CLOSE_MS);
      if (!('value' in said)) {
        const text = `while it was unloaded: ${said.died ?? 'it did not return'}`;
        onLog({ level: 'warning', text });
      }
      await child.end();
    },
  };
}
