// What support/guide doesn't let pass: a guide that says what isn't so.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { follow } from '../support/guide/follow.ts';
import { temporaryFolder } from '../support/server.ts';

/** Follows a text in which ''' are fences; gives the folder and what was skipped. */
async function read(text: string): Promise<{ folder: string; skipped: string[] }> {
  const folder = temporaryFolder();
  const path = join(temporaryFolder(), 'guide.md');
  writeFileSync(path, text.replaceAll("'''", '```'));
  return { folder, skipped: await follow(path, { folder, port: 4711, env: process.env, patience: 1000 }) };
}

it('does what a text says: files, commands, a folder that is changed, the port', async () => {
  const { folder, skipped } = await read(`
<!-- file: a/b.c -->
'''c
int x;
'''

'''console
$ cd a
$ cat b.c
int x;
$ echo localhost:8069 $PORT
localhost:4711 4711
$ seq 5
1
...
5
'''

    $ indented lines are no commands
`);
  expect(readFileSync(join(folder, 'a/b.c'), 'utf8')).toBe('int x;\n');
  expect(skipped).toEqual([]);
});

it.each([
  [
    'output that is other',
    "'''console\n$ echo one\ntwo\n'''",
    /^guide\.md:2: \$ echo one: prints something else/,
  ],
  ['output that is more', "'''console\n$ seq 2\n1\n'''", /^guide\.md:2: .*something else/],
  ['output where none is said', "'''console\n$ echo one\n'''", /^guide\.md:2: .*something else/],
  ['output that is less', "'''console\n$ echo one\none\ntwo\n'''", /^guide\.md:2: .*something else/],
  ['what `...` does not stand for', "'''console\n$ echo one\nt...\n'''", /^guide\.md:2: .*something else/],
  ['a command that fails', "'''console\n$ true\n$ false\n'''", /^guide\.md:3: \$ false: exit status 1/],
  [
    'one that does not, but should',
    "<!-- fails -->\n'''console\n$ true\n'''",
    /^guide\.md:3: .*exit status 0/,
  ],
  ['one that does not exist', "'''console\n$ no-such-command\n...\n'''", /^guide\.md:2: .*exit status 127/],
  ['one without an end', "'''console\n$ sleep 60\n'''", /^guide\.md:2: .*isn't done after 1000 ms/],
  ['code of which nothing is said', "'''c\nint x;\n'''", /^guide\.md:2: neither commands, nor a file/],
  ['a comment that is none', "<!-- flie: a.c -->\n'''c\nint x;\n'''", /^guide\.md:3: neither commands/],
  ['a text of which nothing is said', "text\n'''\nx\n'''", /^guide\.md:3: neither commands/],
  ['lines before a command', "'''console\none\n$ true\n'''", /the first line of a console block/],
  ['^C without a program', "'''console\n^C\n'''", /^guide\.md:2: .*nothing runs in the background/],
  [
    'a background program that says something else',
    "<!-- background -->\n'''console\n$ echo one; sleep 60\ntwo\n'''",
    /^guide\.md:3: .*doesn't say what it should/,
  ],
  [
    'its output, which never comes',
    "<!-- background -->\n'''console\n$ echo one; sleep 60\none\n'''\n<!-- output: echo -->\n'''text\none\n'''",
    /^guide\.md:8: `echo one.*` doesn't say what it should/,
  ],
])('sees %s', async (_what, text, error) => {
  await expect(read(text)).rejects.toThrow(error);
});

it('ends what runs in the background, also after an error', async () => {
  const text = "<!-- background -->\n'''console\n$ echo $$ > pid; echo here; exec sleep 60\nhere\n'''\n";
  const { folder } = await read(text);
  const pid = readFileSync(join(folder, 'pid'), 'utf8').trim();
  expect(existsSync(`/proc/${pid}`)).toBe(false);
  await expect(read(`${text}\n'''console\n$ cp pid ${folder}/pid; false\n'''`)).rejects.toThrow(
    'exit status 1',
  );
  expect(existsSync(`/proc/${readFileSync(join(folder, 'pid'), 'utf8').trim()}`)).toBe(false);
});

it('says what it skips', async () => {
  const { skipped } = await read(
    "<!-- not run: a reason -->\n'''js\nx\n'''\n<!-- needs: no-such-program -->\n'''console\n$ false\n'''\n",
  );
  expect(skipped).toEqual([
    'guide.md:3: not run, a reason',
    'guide.md:7: skipped, no-such-program is not installed',
  ]);
});
