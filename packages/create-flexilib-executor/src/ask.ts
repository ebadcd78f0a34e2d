import { basename, resolve } from 'node:path';
import { confirm, isCancel, select, text } from '@clack/prompts';
import type { Choices } from './command.ts';
import { packageManager } from './install.ts';
import { betterDirectory, nameProblem } from './names.ts';
import { obstacle } from './scaffold.ts';
import { cost, templateNames, templates } from './templates.ts';

/** Asks on the terminal for what isn't given, or can't name a project; undefined when the user leaves with Ctrl-C. */
export async function ask(given: Partial<Choices>, defaults: Choices): Promise<Choices | undefined> {
  let { directory, template, install } = given;

  const wrong = directory && problemWith(directory);
  if (directory === undefined || wrong) {
    const answer = await text({
      message: wrong ?? 'Name of the project, and its folder',
      ...(directory === undefined
        ? { placeholder: defaults.directory, defaultValue: defaults.directory }
        : { initialValue: betterDirectory(directory) }),
      validate: (value) => problemWith(value || defaults.directory),
    });
    if (isCancel(answer)) return undefined;
    directory = answer;
  }

  if (template === undefined) {
    const options = templateNames.map((value) => ({ value, label: templates[value].language }));
    const answer = await select({ message: 'Language', options, initialValue: defaults.template });
    if (isCancel(answer)) return undefined;
    template = answer;
  }

  if (install === undefined) {
    const answer = await confirm({
      message: `Run \`${packageManager()} install\` now? It brings ${cost(template)}`,
    });
    if (isCancel(answer)) return undefined;
    install = answer;
  }
  return { directory, template, install };
}

function problemWith(directory: string): string | undefined {
  const target = resolve(directory);
  return nameProblem(basename(target)) ?? obstacle(target);
}
