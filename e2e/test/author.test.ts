// What an author sees who makes a mistake in a template's source, in each language: in the terminal and as the answer.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, text } from '../support/client.ts';
import { type Dev, fromTemplate, startDev, stopDevs } from '../support/dev.ts';

interface Mistake {
  /** What replaces the line that answers /echo. */
  source: string;
  status: number;
  /** Key lines of the answer to /echo, and of the terminal; LINE is that line's number. */
  answer: RegExp[];
  terminal: RegExp[];
}

interface Language {
  template: string;
  file: string;
  echo: string;
  mistakes: Record<'a syntax error' | 'a crash' | 'an endless loop', Mistake>;
  /** What replaces it and leaks 64 bytes a call. */
  leak: string;
}

const c: Language = {
  template: 'c',
  file: 'src/main.c',
  echo: 'return flexilib_text(200, request->content, request->content_len)',
  mistakes: {
    'a syntax error': {
      source: 'retrun flexilib_text(200, request->content, request->content_len)',
      status: 500,
      answer: [/^dist\/libhello\.so does not build$/m, /^src\/main\.c:LINE:45: error: .*'retrun'/m],
      terminal: [
        /^src\/main\.c:LINE:45: error: .*'retrun'/m,
        /^error: dist\/libhello\.so: the build failed \(src\/main\.c\)$/m,
      ],
    },
    'a crash': {
      source: '*(volatile int *)0 = 1',
      status: 502,
      answer: [
        /^POST \/echo: crashed: SIGSEGV at address 0x0 in handle_request/m,
        /^ {2}#0 handle_request\S* at src\/main\.c:LINE$/m,
        /^> LINE \| /m,
      ],
      terminal: [
        /^error: .*libhello\.so: generation \d+, POST \/echo: crashed: SIGSEGV/m,
        /#0 handle_request\S* at src\/main\.c:LINE$/m,
      ],
    },
    'an endless loop': {
      source: 'for (volatile int i = 0;; i++) {}',
      status: 504,
      answer: [/^POST \/echo: .*no answer within 500 ms: still in .*/m, /at src\/.*:LINE$/m],
      terminal: [
        /^error: .*libhello\.so: .*POST \/echo: no answer within 500 ms: still in .*/m,
        /at src\/.*:LINE$/m,
      ],
    },
  },
  leak: '{ static void *volatile kept; kept = malloc(64); } return flexilib_text(200, "a=1", 3)',
};

const zig: Language = {
  template: 'zig',
  file: 'src/root.zig',
  echo: 'try res.write(req.body)',
  mistakes: {
    'a syntax error': {
      source: 'try res.wrte(req.body)',
      status: 500,
      answer: [
        /^dist\/libhello\.so does not build$/m,
        /^src\/root\.zig:LINE:16: error: no field or member function named 'wrte'/m,
      ],
      terminal: [
        /^src\/root\.zig:LINE:16: error: /m,
        /^error: dist\/libhello\.so: the build failed \(src\/root\.zig\)$/m,
      ],
    },
    'a crash': {
      source: 'try res.write(req.body[req.body.len..][0..9])',
      status: 502,
      answer: [
        /^POST \/echo: crashed: SIG/m,
        /^ {2}panic: index out of bounds: index \d+, len \d+$/m,
        /at src\/root\.zig:LINE$/m,
        /^> LINE \| /m,
      ],
      terminal: [/^error: .*libhello\.so: panic: index out of bounds/m, /at src\/root\.zig:LINE$/m],
    },
    'an endless loop': {
      source: 'while (true) std.mem.doNotOptimizeAway(path)',
      status: 504,
      answer: [/^POST \/echo: .*no answer within 500 ms: still in .*/m, /at src\/.*:LINE$/m],
      terminal: [
        /^error: .*libhello\.so: .*POST \/echo: no answer within 500 ms: still in .*/m,
        /at src\/.*:LINE$/m,
      ],
    },
  },
  leak: '_ = std.heap.c_allocator.create([64]u8) catch {}; try res.write(req.body)',
};

const rust: Language = {
  template: 'rust',
  file: 'src/lib.rs',
  echo: '"/echo" => Response::new(request.body().to_vec())',
  mistakes: {
    'a syntax error': {
      source: '"/echo" => Response::nwe(request.body().to_vec())',
      status: 500,
      answer: [
        /^dist\/libhello\.so does not build$/m,
        /no (?:function or )?associated (?:function or constant|item) named `nwe`/m,
        /--> src\/lib\.rs:LINE:30/m,
      ],
      terminal: [
        /--> src\/lib\.rs:LINE:30/m,
        /^error: dist\/libhello\.so: the build failed \(src\/lib\.rs\)$/m,
      ],
    },
    'a crash': {
      source: '"/echo" => unsafe { std::ptr::null_mut::<u8>().write_volatile(1); Response::default() }',
      status: 502,
      answer: [/^POST \/echo: crashed: SIG/m, /at src\/lib\.rs:LINE$/m, /^> LINE \| /m],
      terminal: [
        /^error: .*libhello\.so: generation \d+, POST \/echo: crashed: SIG/m,
        /at src\/lib\.rs:LINE$/m,
      ],
    },
    'an endless loop': {
      source: '"/echo" => loop { std::hint::spin_loop() }',
      status: 504,
      answer: [/^POST \/echo: .*no answer within 500 ms: still in .*/m, /at src\/.*:LINE$/m, /^> LINE \| /m],
      terminal: [
        /^error: .*libhello\.so: .*POST \/echo: no answer within 500 ms: still in .*/m,
        /at src\/.*:LINE$/m,
      ],
    },
  },
  leak: '"/echo" => { Box::leak(Box::new([1u8; 64])); Response::new(request.body().to_vec()) }',
};

const hasCargo = spawnSync('cargo', ['--version']).status === 0;
if (!hasCargo) console.log('the template in Rust: skipped, cargo is not installed (https://rustup.rs)');
const languages: [string, Language][] = [
  ['C', c],
  ['Zig', zig],
  ...(hasCargo ? [['Rust', rust] as [string, Language]] : []),
];

describe.each(languages)('in %s', (_name, { template, file, echo, mistakes, leak: leaking }) => {
  let folder: string;
  let original: string;
  let dev: Dev;
  const at = (line: RegExp) => {
    const number = original.slice(0, original.indexOf(echo)).split('\n').length;
    return new RegExp(line.source.replaceAll('LINE', `${number}`), 'm');
  };
  const save = (content: string) => writeFileSync(join(folder, file), content);
  const asked = async () => {
    const { status, body } = await ask(dev.port, '/echo', { body: Buffer.from('a=1') });
    return { status, text: body.toString() };
  };
  const eventually = { timeout: 60_000, interval: 50 };

  beforeAll(async () => {
    folder = fromTemplate(template);
    original = readFileSync(join(folder, file), 'utf8');
    expect(original).toContain(echo);
    writeFileSync(join(folder, 'proxy.ini'), '/ = ./dist/libhello.so\n[server]\ntimeout = 500ms\n');
    dev = await startDev(folder);
  }, 300_000);
  afterAll(stopDevs);

  it.each(Object.entries(mistakes))('%s', async (_mistake, { source, status, answer, terminal }) => {
    const from = dev.lines().length;
    const said = () => dev.lines().slice(from).join('\n');
    save(original.replace(echo, source));
    await expect.poll(async () => (await asked()).status, eventually).toBe(status);
    const { text: got } = await asked();
    for (const line of answer) expect(got).toMatch(at(line));
    for (const line of terminal) await expect.poll(said).toMatch(at(line));
    save(original);
    await expect.poll(async () => (await asked()).text, eventually).toBe('a=1');
    expect(await text(dev.port, '/hello/ada')).toBe('hello, ada\n');
  });

  it('a leak', async () => {
    const from = dev.lines().length;
    const said = () => dev.lines().slice(from).join('\n');
    const leak = async () =>
      /leak;desc="at least (\d+) bytes a call"/.exec(
        String((await ask(dev.port, '/echo', { body: Buffer.from('a=1') })).headers['server-timing']),
      )?.[1];
    for (let i = 0; i < 100; i++) expect(await leak()).toBe(undefined);
    save(original.replace(echo, leaking));
    await expect.poll(said, eventually).toMatch(/swapped in/);
    await expect.poll(leak, eventually).toMatch(/^(64|80)$/); // malloc's own 16 bytes
    await expect
      .poll(said)
      .toMatch(
        /^warning: .*libhello\.so: each of its last calls has left at least \d+ bytes behind: it leaks memory$/m,
      );
  });
});
