import { parseArgs } from 'node:util';
import { closest } from 'fastest-levenshtein';
import { Problem } from './problem.ts';
import { isTemplate, type TemplateName, templateNames } from './templates.ts';

/** What a user chooses. */
export interface Choices {
  /** Where the project goes, as it was written. */
  directory: string;
  template: TemplateName;
  install: boolean;
}

export type Command =
  | { verb: 'help' }
  | { verb: 'version' }
  | { verb: 'create'; given: Partial<Choices>; yes: boolean };

/** The command line's meaning. Throws a Problem of status 2. */
export function parseCommand(args: string[]): Command {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    throw usage((error as Error).message.split('. ')[0]);
  }
  const { values, positionals } = parsed;
  if (values.help) return { verb: 'help' };
  if (values.version) return { verb: 'version' };

  const [directory, second] = positionals;
  if (isTemplate(second)) {
    // npm takes --template for its own unless -- stands before it, and leaves us the word after it.
    throw usage(`one name is enough; with npm the template goes after --: \`-- --template ${second}\``);
  }
  if (second !== undefined) throw usage(`one name is enough, ${second} is too much`);
  if (directory === '') throw usage('the name is empty');
  if (values.install && values['no-install']) throw usage('--install and --no-install exclude each other');

  const given: Partial<Choices> = {};
  if (directory !== undefined) given.directory = directory;
  if (values.template !== undefined) given.template = template(values.template);
  if (values.install || values['no-install']) given.install = !values['no-install'];
  return { verb: 'create', given, yes: values.yes ?? false };
}

function template(text: string): TemplateName {
  if (isTemplate(text)) return text;
  const nearest = closest(text.toLowerCase(), [...templateNames]);
  throw usage(`there is no template ${text}, did you mean ${nearest}? There are ${templateNames.join(', ')}`);
}

function usage(what: string): Problem {
  return new Problem(`${what}; --help shows the usage`, 2);
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      template: { type: 'string', short: 't' },
      install: { type: 'boolean' },
      'no-install': { type: 'boolean' },
      yes: { type: 'boolean', short: 'y' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'V' },
    },
  });
}
