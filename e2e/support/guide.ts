// Runs what a Markdown file tells its reader to do, from top to bottom, in one folder. What counts are the fenced blocks:
//
//   console   lines `$ command`, each followed by all that it prints; `...` stands for any text, alone in a line for any
//             lines. npm's two lines about a script are left out. A command goes well, unless <!-- fails -->. `cd` stays.
//             A line `^C` ends the program that runs in the background and was started last.
//   others    a file, as <!-- file: PATH --> says; the next command waits until `npm run dev`, if it runs, has built it.
//
// Comments before a block, each in a line of its own:
//
//   <!-- background -->        the command goes on running; waits for the lines below it, among what it prints
//   <!-- output: COMMAND -->   waits for these lines of the background program whose command begins so
//   <!-- fails -->             the commands' exit status isn't 0
//   <!-- needs: PROGRAM -->    skipped, with a line that says so, where it isn't installed
//   <!-- not run: REASON -->   skipped, with a line that says so
//
// A block that is none of these is an error: nothing is passed over in silence. Port 8069 becomes that of PORT.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

export interface Block {
  /** Of its first line within the fence. */
  line: number;
  language: string;
  text: string;
  marks: ReadonlyMap<string, string>;
}

const fence = /^(`{3,})(\w*)[^\n]*\n(.*?)^\1$/gms;
const mark = /<!-- ([\w ]+?)(?:: (.*?))? -->\n+$/;
const known = new Set(['file', 'background', 'output', 'fails', 'needs', 'not run']);

/** The fenced blocks of a Markdown text. */
export function readBlocks(text: string): Block[] {
  return [...text.matchAll(fence)].map((found) => {
    const marks = new Map<string, string>();
    let before = text.slice(0, found.index);
    for (let its = mark.exec(before); its && known.has(its[1]); its = mark.exec(before)) {
      marks.set(its[1], its[2] ?? '');
      before = before.slice(0, its.index);
    }
    const line = text.slice(0, found.index).split('\n').length + 1;
    return { line, language: found[2], text: found[3], marks };
  });
}

interface Command {
  line: number;
  command: string;
  expected: string;
}

function readCommands({ text, line }: Block): Command[] {
  const commands: Command[] = [];
  for (const [index, its] of text.split('\n').slice(0, -1).entries()) {
    if (its.startsWith('$ ')) commands.push({ line: line + index, command: its.slice(2), expected: '' });
    else if (its === '^C') commands.push({ line: line + index, command: '^C', expected: '' });
    else if (commands.length === 0) throw new Error('the first line of a console block is `$ command`');
    else commands.at(-1)!.expected += `${its}\n`;
  }
  return commands;
}

/** What matches an expected text, whole. */
function pattern(expected: string): string {
  return expected
    .split('\n')
    .slice(0, -1)
    .map((its) =>
      its === '...' ? '(?:.*\n)*?' : `${its.split('...').map(escape).join('.*')}\n`,
    )
    .join('');
}

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** As a reader sees it. */
function seen(text: string): string {
  const lines = text.replaceAll('\r\n', '\n').replace(/^\n> .*\n> .*\n\n/, '');
  return lines === '' || lines.endsWith('\n') ? lines : `${lines}\n`;
}

interface Background {
  command: string;
  child: ChildProcess;
  said: string;
  /** How much of it has been asked for. */
  read: number;
}

export interface FollowOptions {
  /** Where the reader begins. */
  folder: string;
  port: number;
  env: NodeJS.ProcessEnv;
  /** Milliseconds that a command, or the wait for a line, may take. */
  patience?: number;
}

/** Does what the file says. Rejects with the place of what went otherwise. Gives what was skipped, a line each. */
export async function follow(path: string, options: FollowOptions): Promise<string[]> {
  const { port, patience = 120_000 } = options;
  const settings = mkdtempSync(join(tmpdir(), 'flexilib-e2e-'));
  writeFileSync(join(settings, '.curlrc'), 'silent\nshow-error\n'); // as on a terminal, where no file is written
  const env: NodeJS.ProcessEnv = { ...options.env, PORT: `${port}`, CURL_HOME: settings };
  const text = readFileSync(path, 'utf8').replaceAll(/(localhost|127\.0\.0\.1|0\.0\.0\.0):8069/g, `$1:${port}`);
  const skipped: string[] = [];
  const backgrounds: Background[] = [];
  let folder = options.folder;

  async function run({ command, expected }: Command, fails: boolean): Promise<void> {
    const script = `exec 2>&1\n${command}\nstatus=$?; pwd >&3; exit $status`;
    const child = spawn('bash', ['-c', script], {
      cwd: folder,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    });
    const out = { said: '', folder: '' };
    child.stdout!.setEncoding('utf8').on('data', (piece) => {
      out.said += piece;
    });
    child.stdio[3]!.on('data', (piece) => {
      out.folder += piece;
    });
    const late = setTimeout(() => end(child, 'SIGKILL'), patience);
    const [status, signal] = await once(child, 'close');
    clearTimeout(late);
    if (signal) throw new Error(`isn't done after ${patience} ms. It has printed:\n${out.said}`);
    const said = seen(out.said);
    if ((status !== 0) !== fails) throw new Error(`exit status ${status}. It has printed:\n${said}`);
    if (!new RegExp(`^${pattern(expected)}$`).test(said)) {
      throw new Error(`prints something else. Expected:\n${expected}Printed:\n${said}`);
    }
    folder = out.folder.trim() || folder;
  }

  async function start({ command, expected }: Command): Promise<void> {
    const child = spawn('bash', ['-c', `exec 2>&1\n${command}`], {
      cwd: folder,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const background = { command, child, said: '', read: 0 };
    child.stdout!.setEncoding('utf8').on('data', (piece) => {
      background.said += piece;
    });
    backgrounds.push(background);
    await said(background, pattern(expected), expected);
  }

  async function said(background: Background, what: string, expected: string): Promise<void> {
    const wanted = new RegExp(`^${what}`, 'm');
    const begun = performance.now();
    for (;;) {
      const { said, read, child } = background;
      const found = wanted.exec(said.slice(read));
      if (found) {
        background.read = read + found.index + found[0].length;
        return;
      }
      const gone = child.exitCode !== null && performance.now() - begun > 1000;
      if (gone || performance.now() - begun > patience) {
        throw new Error(
          `\`${background.command}\` doesn't say what it should. Expected:\n${expected}Printed since:\n${said.slice(read)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function write(name: string, content: string): Promise<void> {
    const file = join(folder, name);
    if (existsSync(file) && readFileSync(file, 'utf8') === content) throw new Error(`${name} is that already`);
    mkdirSync(dirname(file), { recursive: true });
    const dev = backgrounds.find(({ command }) => command === 'npm run dev');
    if (dev) dev.read = dev.said.length;
    writeFileSync(file, content);
    if (dev) await peek(dev, `(?:[✓✗]|error: \\S+: the build failed).*\n`);
  }

  /** Waits as said() does, and leaves the lines for who asks for them. */
  async function peek(background: Background, what: string): Promise<void> {
    const { read } = background;
    await said(background, what, 'the end of a build\n');
    background.read = read;
  }

  async function stop(): Promise<void> {
    const background = backgrounds.pop();
    if (!background) throw new Error('nothing runs in the background');
    const { child } = background;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    end(child, 'SIGINT');
    const late = setTimeout(() => end(child, 'SIGKILL'), 15_000);
    await gone;
    clearTimeout(late);
  }

  async function take(block: Block): Promise<void> {
    const { marks, language } = block;
    const output = marks.get('output');
    const file = marks.get('file');
    if (file !== undefined) return write(file, block.text);
    if (output !== undefined) {
      const background = backgrounds.findLast(({ command }) => command.startsWith(output));
      if (!background) throw new Error(`no \`${output}\` runs in the background`);
      return said(background, pattern(block.text), block.text);
    }
    if (language !== 'console') throw new Error('neither commands, nor a file, nor output: no comment says what it is');
    for (const its of readCommands(block)) {
      try {
        if (its.command === '^C') await stop();
        else if (marks.has('background')) await start(its);
        else await run(its, marks.has('fails'));
      } catch (error) {
        throw new Error(`${basename(path)}:${its.line}: $ ${its.command}: ${(error as Error).message}`);
      }
    }
  }

  try {
    for (const block of readBlocks(text)) {
      const place = `${basename(path)}:${block.line}`;
      const lacks = block.marks.get('needs');
      const reason = block.marks.get('not run');
      if (reason !== undefined) skipped.push(`${place}: not run, ${reason}`);
      else if (lacks !== undefined && !has(lacks)) skipped.push(`${place}: skipped, ${lacks} is not installed`);
      else
        await take(block).catch(({ message }: Error) => {
          throw new Error(message.startsWith(basename(path)) ? message : `${place}: ${message}`);
        });
    }
  } finally {
    while (backgrounds.length > 0) await stop();
  }
  return skipped;
}

export const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

/** With what it has started. */
function end(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal);
  } catch {
    // It has just ended.
  }
}
