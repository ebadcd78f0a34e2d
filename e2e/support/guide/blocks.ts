// What a Markdown file tells its reader to do. What counts are the fenced blocks:
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
//   <!-- needs: PROGRAM -->    skipped, with a line that says so, where it isn't installed; crates.io: can't be reached
//   <!-- not run: REASON -->   skipped, with a line that says so
//
// A block that is none of these is an error: nothing is passed over in silence.

export interface Block {
  /** Of its first line within the fence. */
  line: number;
  language: string;
  text: string;
  marks: ReadonlyMap<string, string>;
}

const fence = /^(`{3,})(\w*)[^\n]*\n(.*?)^\1$/gms;
const mark = /<!-- (file|background|output|fails|needs|not run)(?:: (.*?))? -->\n+$/;

export function readBlocks(text: string): Block[] {
  return [...text.matchAll(fence)].map((found) => {
    const marks = new Map<string, string>();
    let before = text.slice(0, found.index);
    for (let its = mark.exec(before); its; its = mark.exec(before)) {
      marks.set(its[1], its[2] ?? '');
      before = before.slice(0, its.index);
    }
    const line = text.slice(0, found.index).split('\n').length + 1;
    return { line, language: found[2], text: found[3], marks };
  });
}

export interface Command {
  line: number;
  command: string;
  expected: string;
}

/** Of a console block. */
export function readCommands({ text, line }: Block): Command[] {
  const commands: Command[] = [];
  for (const [index, its] of text.split('\n').slice(0, -1).entries()) {
    if (its.startsWith('$ ')) commands.push({ line: line + index, command: its.slice(2), expected: '' });
    else if (its === '^C') commands.push({ line: line + index, command: '^C', expected: '' });
    else if (commands.length === 0) throw new Error('the first line of a console block is `$ command`');
    else commands.at(-1)!.expected += `${its}\n`;
  }
  return commands;
}

/** The source of an expression for expected lines. */
export function patternOf(expected: string): string {
  const lines = expected.split('\n').slice(0, -1);
  return lines
    .map((its) => (its === '...' ? '(?:.*\n)*?' : `${its.split('...').map(literal).join('.*')}\n`))
    .join('');
}

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** What was printed, as a reader sees it on a machine that is quick enough not to be told what is going on. */
export function seen(text: string): string {
  const lines = text
    .replaceAll('\r\n', '\n')
    .replace(/^\n> .*\n> .*\n\n/, '')
    .replace(/^(?:building|testing) \S+ \.\.\.\n/gm, '');
  return lines === '' || lines.endsWith('\n') ? lines : `${lines}\n`;
}
