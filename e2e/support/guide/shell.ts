// The reader's terminals: commands that are run to their end, and programs that go on in the background.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Command, patternOf, seen } from './blocks.ts';

export interface Place {
  folder: string;
  env: NodeJS.ProcessEnv;
  /** Milliseconds that a command, or the wait for a line, may take. */
  patience: number;
}

/** Runs a command and compares what it prints; gives the folder it was in at its end. */
export async function run({ command, expected }: Command, fails: boolean, place: Place): Promise<string> {
  const script = `exec 2>&1\n${command}\nstatus=$?; pwd >&3; exit $status`;
  const child = open(script, place, 'pipe');
  let folder = '';
  child.stdio[3]!.on('data', (piece) => {
    folder += piece;
  });
  let printed = '';
  child.stdout!.on('data', (piece) => {
    printed += piece;
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    end(child, 'SIGKILL');
  }, place.patience);
  const [status] = await once(child, 'close');
  clearTimeout(timer);
  const said = seen(printed);
  if (late) throw new Error(`isn't done after ${place.patience} ms. It has printed:\n${said}`);
  if ((status !== 0) !== fails) throw new Error(`exit status ${status}. It has printed:\n${said}`);
  if (!new RegExp(`^${patternOf(expected)}$`).test(said)) {
    throw new Error(`prints something else. Expected:\n${expected}Printed:\n${said}`);
  }
  return folder.trim() || place.folder;
}

/** A program that goes on. */
export interface Background {
  readonly command: string;
  /** Waits for lines that come after those that were asked for before. */
  says(expected: string): Promise<void>;
  /** Waits for what an expression matches from now on, in a line, and leaves it for says(). */
  comes(pattern: string): () => Promise<void>;
  stop(): Promise<void>;
}

export function startBackground(command: string, place: Place): Background {
  const child = open(`exec 2>&1\n${command}`, place, 'ignore');
  let printed = '';
  let read = 0;
  let ended = false;
  child.once('close', () => {
    ended = true;
  });
  child.stdout!.on('data', (piece) => {
    printed += piece;
  });

  /** Gives where the match ends. */
  async function find(pattern: string, from: number, expected: string): Promise<number> {
    const wanted = new RegExp(`^${pattern}`, 'm');
    const begun = performance.now();
    for (;;) {
      const found = wanted.exec(printed.slice(from));
      if (found) return from + found.index + found[0].length;
      if (ended || performance.now() - begun > place.patience) {
        throw new Error(
          `\`${command}\` doesn't say what it should. Expected:\n${expected}Printed since:\n${printed.slice(from)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  return {
    command,
    async says(expected) {
      read = await find(patternOf(expected), read, expected);
    },
    comes(pattern) {
      const from = printed.length;
      return async () => {
        await find(pattern, from, `/${pattern}/`);
        read = from;
      };
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      end(child, 'SIGINT');
      const timer = setTimeout(() => end(child, 'SIGKILL'), 15_000);
      await gone;
      clearTimeout(timer);
    },
  };
}

/** In a group of its own, as a terminal has it: Ctrl-C goes to all of it. */
function open(script: string, { folder, env }: Place, third: 'pipe' | 'ignore'): ChildProcess {
  const stdio = ['ignore', 'pipe', 'inherit', third] as const;
  const child = spawn('bash', ['-c', script], { cwd: folder, env, detached: true, stdio: [...stdio] });
  child.stdout!.setEncoding('utf8');
  return child;
}

function end(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal);
  } catch {
    // It has just ended.
  }
}
