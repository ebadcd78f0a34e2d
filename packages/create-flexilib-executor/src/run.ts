import { basename, relative, resolve } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { ask } from './ask.ts';
import { type Choices, parseCommand } from './command.ts';
import { help } from './help.ts';
import { install, packageManager } from './install.ts';
import { nameProblem } from './names.ts';
import { complain, print, warn } from './output.ts';
import { Problem } from './problem.ts';
import { obstacle, scaffold } from './scaffold.ts';
import { cost, lacking, templates } from './templates.ts';

const defaults: Choices = { directory: 'my-executor', template: 'c', install: false };
const CANCELLED = 130; // as a shell says it of what Ctrl-C has ended

/** Does what the arguments say, and gives the exit status. */
export async function run(args: string[]): Promise<number> {
  try {
    const command = parseCommand(args);
    if (command.verb === 'help') print(help);
    else if (command.verb === 'version') print(`create-flexilib-executor ${manifest.version}\n`);
    else return await create(command.given, command.yes);
    return 0;
  } catch (error) {
    if (error instanceof Problem) {
      complain(error.message);
      return error.status;
    }
    if (error instanceof Error && 'syscall' in error) {
      complain(`${error.message}; nothing was created`);
      return 1;
    }
    throw error; // our own fault: its stack is wanted
  }
}

async function create(given: Partial<Choices>, yes: boolean): Promise<number> {
  const asks = !yes && process.stdin.isTTY && process.stdout.isTTY && !process.env.CI;
  const choices = asks ? await ask(given, defaults) : { ...defaults, ...given };
  if (!choices) return CANCELLED;

  const { template } = choices;
  const target = resolve(choices.directory);
  const name = basename(target);
  const wrong = nameProblem(name);
  if (wrong) throw new Problem(wrong, 2);
  const inTheWay = obstacle(target);
  if (inTheWay) throw new Problem(inTheWay);
  scaffold(template, target, name, manifest.version);
  print(`${name}: an executor in ${templates[template].language}, in ${target}\n`);
  const lacks = lacking(template);
  if (lacks) warn(lacks);

  const manager = packageManager();
  if (!choices.install) {
    const told = asks && given.install === undefined; // by the question
    if (!told) print(`\`${manager} install\` brings ${cost(template)}\n`);
  } else if (!(await install(manager, target))) {
    throw new Problem(`\`${manager} install\` failed; the project is complete, install again in its folder`);
  }
  const first = [
    ...(target === process.cwd() ? [] : [`cd ${quoted(relative('', target))}`]),
    ...(choices.install ? [] : [`${manager} install`]),
  ].join(' && ');
  print(
    `\nNext:\n${[first, `${manager} run dev`]
      .filter(Boolean)
      .map((line) => `  ${line}\n`)
      .join('')}`,
  );
  return 0;
}

/** A path as a word of the shell. */
function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
