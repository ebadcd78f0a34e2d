// `flexilib build` and `flexilib test`: one way to do it in every language.
import { FlexilibError } from '@flexilib/native';
import { readArguments, usageError } from './arguments.ts';
import { build, type Mode, nameOf, type Outcome, type Project, test } from './build/index.ts';
import { readSite } from './site.ts';
import { announced, duration, say, sayError } from './terminal.ts';

const buildHelp = `Usage: flexilib build [DIR] [--dev] [--skip-missing]

Builds the libraries that DIR/proxy.ini names (default: the current folder) from their
projects: a project is the folder of a Cargo.toml, a build.zig or, for C, a
compile_flags.txt. What is built:
  C     src/**/*.c with the flags of compile_flags.txt and, if there, link_flags.txt
  Zig   zig build --release=safe, installed where proxy.ini has the library
  Rust  cargo build --release, copied there

  --dev           with debug information, as fast as the language can: what \`flexilib dev\` does
  --skip-missing  leave out projects whose compiler isn't installed, with a line that says so
`;

const testHelp = `Usage: flexilib test [DIR]

Builds and runs the tests of the projects whose libraries DIR/proxy.ini names (default:
the current folder): test/*.c in C, \`zig build test\`, \`cargo test\`.
`;

/** Gives the exit status. Throws FL_USAGE, FL_CONFIG, FL_TOOLCHAIN. */
export async function buildCommand(args: string[]): Promise<number> {
  const { values, positionals } = readArguments('build', {
    args,
    allowPositionals: true,
    options: {
      dev: { type: 'boolean' },
      'skip-missing': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return explain(buildHelp);
  const mode: Mode = values.dev ? 'dev' : 'release';
  const skip = values['skip-missing'] ?? false;
  return each('build', positionals, skip, async (project) => {
    const begun = performance.now();
    const outcome = await announced(`building ${nameOf(project)}`, build(project, mode));
    if (outcome.result === 'ok')
      say(`${outcome.output}${nameOf(project)}: built in ${duration(performance.now() - begun)}`);
    return outcome;
  });
}

/** As buildCommand. */
export async function testCommand(args: string[]): Promise<number> {
  const { values, positionals } = readArguments('test', {
    args,
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) return explain(testHelp);
  return each('test', positionals, false, async (project) => {
    const outcome = await announced(`testing ${nameOf(project)}`, test(project));
    if (outcome.result === 'ok') say(outcome.output.trimEnd());
    return outcome;
  });
}

function explain(help: string): number {
  process.stdout.write(help);
  return 0;
}

async function each(
  verb: string,
  [place = '.', ...rest]: string[],
  skipMissing: boolean,
  step: (project: Project) => Promise<Outcome>,
): Promise<number> {
  if (rest.length > 0) throw usageError(verb, `${verb} takes one folder`);
  const { config, projects } = readSite(place);
  if (projects.length === 0) {
    const what =
      'no library that it names lies in a project, a folder with Cargo.toml, build.zig or compile_flags.txt';
    throw new FlexilibError('FL_CONFIG', `${config}: ${what}`, { path: config });
  }
  let failed = 0;
  for (const project of projects) {
    try {
      const { result, output } = await step(project);
      if (result === 'ok') continue;
      say(output.trimEnd());
      sayError(`${nameOf(project)}: the ${verb} failed`);
    } catch (error) {
      if (!(error instanceof FlexilibError)) throw error;
      if (skipMissing && error.code === 'FL_TOOLCHAIN') {
        say(`${nameOf(project)}: skipped, ${error.message}`);
        continue;
      }
      sayError(`${nameOf(project)}: ${error.message}`);
    }
    failed += 1;
  }
  return failed === 0 ? 0 : 1;
}
