// Does what a Markdown file (blocks.ts) tells its reader to do, from top to bottom.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type Block, type Command, readBlocks, readCommands } from './blocks.ts';
import { type Background, run, startBackground } from './shell.ts';

export interface FollowOptions {
  /** Where the reader begins. */
  folder: string;
  /** In place of 8069. */
  port: number;
  env: NodeJS.ProcessEnv;
  /** Milliseconds that a command, or the wait for a line, may take. */
  patience?: number;
}

/** What `npm run dev` says at the end of a build. */
const BUILT = '(?:[✓✗]|error: \\S+: the build failed).*\n';

export const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

const isReachable = (url: string): boolean =>
  spawnSync('curl', ['--silent', '--fail', '--max-time', '5', url]).status === 0;

function lackOf(program: string | undefined): string | null {
  if (program === undefined) return null;
  if (program === 'crates.io') {
    if (!has('cargo')) return 'cargo is not installed';
    return isReachable('https://index.crates.io/config.json') ? null : "crates.io can't be reached";
  }
  if (!has(program)) return `${program} is not installed`;
  const scope = '/proc/sys/kernel/yama/ptrace_scope';
  const free = process.getuid?.() === 0 || !existsSync(scope) || readFileSync(scope, 'utf8').trim() === '0';
  return program === 'gdb' && !free
    ? 'only root may attach a debugger here (kernel.yama.ptrace_scope)'
    : null;
}

/** Rejects with the place of what goes otherwise than the file says. Gives what was skipped, a line each. */
export async function follow(path: string, options: FollowOptions): Promise<string[]> {
  const { folder, port, patience = 120_000 } = options;
  const settings = mkdtempSync(join(tmpdir(), 'flexilib-e2e-'));
  writeFileSync(join(settings, '.curlrc'), 'silent\nshow-error\n'); // as curl is on a terminal
  const env: NodeJS.ProcessEnv = { ...options.env, PORT: `${port}`, CURL_HOME: settings };
  const place = { folder, env, patience };
  const backgrounds: Background[] = [];
  const text = readFileSync(path, 'utf8');
  const blocks = readBlocks(text.replaceAll(/(localhost|127\.0\.0\.1|0\.0\.0\.0):8069/g, `$1:${port}`));
  const skipped: string[] = [];

  async function write(name: string, content: string): Promise<void> {
    const file = join(place.folder, name);
    if (existsSync(file) && readFileSync(file, 'utf8') === content)
      throw new Error(`${name} is that already`);
    mkdirSync(dirname(file), { recursive: true });
    const dev = backgrounds.find(({ command }) => command === 'npm run dev');
    const built = dev?.comes(BUILT);
    writeFileSync(file, content);
    await built?.();
  }

  async function type(its: Command, marks: Block['marks']): Promise<void> {
    if (its.command === '^C') {
      const background = backgrounds.pop();
      if (!background) throw new Error('nothing runs in the background');
      await background.stop();
    } else if (marks.has('background')) {
      const background = startBackground(its.command, place);
      backgrounds.push(background);
      await background.says(its.expected);
    } else {
      place.folder = await run(its, marks.has('fails'), place);
    }
  }

  async function take(block: Block): Promise<void> {
    const { marks, language } = block;
    const [file, output] = [marks.get('file'), marks.get('output')];
    if (file !== undefined) return write(file, block.text);
    if (output !== undefined) {
      const background = backgrounds.findLast(({ command }) => command.startsWith(output));
      if (!background) throw new Error(`no \`${output}\` runs in the background`);
      return background.says(block.text);
    }
    if (language !== 'console')
      throw new Error('neither commands, nor a file, nor output: no comment says what it is');
    for (const its of readCommands(block)) await at(its.line, type(its, marks), `$ ${its.command}: `);
  }

  /** Says where it was. */
  async function at(line: number, work: Promise<void>, what = ''): Promise<void> {
    await work.catch((error: Error) => {
      if (error.cause) throw error; // it is said already
      throw new Error(`${basename(path)}:${line}: ${what}${error.message}`, { cause: line });
    });
  }

  try {
    for (const block of blocks) {
      const where = `${basename(path)}:${block.line}`;
      const reason = block.marks.get('not run');
      const lacks = lackOf(block.marks.get('needs'));
      if (reason !== undefined) skipped.push(`${where}: not run, ${reason}`);
      else if (lacks) skipped.push(`${where}: skipped, ${lacks}`);
      else await at(block.line, take(block));
    }
  } finally {
    for (const background of backgrounds.reverse()) await background.stop();
  }
  return skipped;
}
