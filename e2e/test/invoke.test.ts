import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../support/library.ts';
import { temporaryFolder } from '../support/server.ts';

const command = join(import.meta.dirname, '../../apps/server/bin/flexilib.cjs');
let library: string;
let folder: string;
beforeAll(() => {
  folder = temporaryFolder();
  library = compile(`#include "flexilib_helpers.h"
    FLEXILIB_EXECUTOR
    flexilib_response *handle_request(flexilib_request *request) {
      if (flexilib_path_is(request, "/crash")) *(volatile int *)8 = 1;
      if (flexilib_path_is(request, "/spin")) for (;;) __asm__("");
      if (flexilib_path_is(request, "/missing")) return flexilib_text(404, "nothing\\n", 8);
      if (flexilib_path_is(request, "/echo")) return flexilib_text(200, request->content, request->content_len);
      if (flexilib_path_is(request, "/leak")) { static void *volatile kept; kept = malloc(64); }
      if (flexilib_path_is(request, "/log")) flexilib_log(FLEXILIB_LOG_WARNING, "odd");
      const flexilib_header *type = flexilib_find_header(request, "content-type");
      flexilib_response *response = flexilib_printf(200, "%s %.*s %.*s\\n", request->method, (int)request->target_len,
        request->target, type ? (int)type->value_len : 0, type ? type->value_ptr : "");
      flexilib_add_header(response, "X-Language", "C");
      return response;
    }`);
});

async function invoke(args: string[], input = ''): Promise<[code: number, stdout: string, stderr: string]> {
  const child = spawn(process.execPath, [command, 'invoke', ...args], { cwd: folder });
  child.stdin.end(input);
  const exit = new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? -1)));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return [await exit, stdout, stderr];
}

describe('flexilib invoke', () => {
  it('looks for leaks', async () => {
    const nothing =
      'no leak: 1008 calls left 0 bytes of memory (0 a call), 0 descriptors and 0 threads behind\n';
    expect(await invoke(['--leaks', library])).toEqual([0, '', nothing]);
    const [code, stdout, stderr] = await invoke(['--leaks', library, '/leak']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^error: it leaks: 1008 calls left \d+ bytes of memory \(80 a call\)/); // malloc's 16 with it
  });

  it('writes the body', async () => {
    expect(await invoke([library])).toEqual([0, 'GET / \n', '']);
    expect(await invoke([library, '/a?b', '-X', 'DELETE'])).toEqual([0, 'DELETE /a?b \n', '']);
  });

  it('writes the head with -i, and alone with -I', async () => {
    const head = 'HTTP/1.1 200 OK\r\nX-Language: C\r\ncontent-type: text/plain\r\ncontent-length: ';
    expect(await invoke(['-i', library])).toEqual([0, `${head}7\r\n\r\nGET / \n`, '']);
    expect(await invoke(['-I', library])).toEqual([0, `${head}8\r\n\r\n`, '']);
  });

  it('sends data as a form by POST, unless told otherwise', async () => {
    const form = 'application/x-www-form-urlencoded';
    expect(await invoke([library, '/', '-d', 'a=1'])).toEqual([0, `POST / ${form}\n`, '']);
    const args = [library, '/', '-d', '{}', '-XPUT', '-H', 'Content-Type: application/json'];
    expect(await invoke(args)).toEqual([0, 'PUT / application/json\n', '']);
  });

  it('sends files and standard input, in the order of the command line', async () => {
    writeFileSync(join(folder, 'data'), 'one\r\ntwo\n');
    const echo = [library, '/echo'];
    expect(
      await invoke([...echo, '-d', 'a', '--data-binary', '@data', '-d', '@data', '-d', '@-'], 'in\n'),
    ).toEqual([0, 'a&one\r\ntwo\n&onetwo&in', '']);
    expect((await invoke([...echo, '-d', '@nowhere']))[0]).toBe(2);
  });

  it('writes a megabyte, of any bytes, into a file', async () => {
    const bytes = Buffer.alloc(
      1 << 20,
      Uint8Array.from({ length: 256 }, (_, i) => i),
    );
    writeFileSync(join(folder, 'in'), bytes);
    expect(await invoke([library, '/echo', '--data-binary', '@in', '-o', 'out'])).toEqual([0, '', '']);
    expect(readFileSync(join(folder, 'out')).equals(bytes)).toBe(true);
  });

  it('tells everything with -v, and what the library logs without it', async () => {
    const [code, stdout, stderr] = await invoke([library, '/log', '-v', '-H', 'X-Name: bob', '-d', 'a']);
    expect([code, stdout]).toEqual([0, 'POST /log application/x-www-form-urlencoded\n']);
    expect(stderr.replace(/\d+ bytes of|[\d.]+ ms/g, 'N')).toBe(
      [
        '> POST /log HTTP/1.1',
        '> host: localhost',
        '> X-Name: bob',
        '> content-type: application/x-www-form-urlencoded',
        '> content-length: 1',
        '> ',
        'warning: odd',
        '< HTTP/1.1 200 OK',
        '< X-Language: C',
        '< content-type: text/plain',
        '< content-length: 44',
        '< ',
        '* N the arena, N in the library\n',
      ].join('\n'),
    );
    expect((await invoke([library, '/log']))[2]).toBe('warning: odd\n');
  });

  it('ends with 22 under -f', async () => {
    expect(await invoke([library, '/missing'])).toEqual([0, 'nothing\n', '']);
    expect(await invoke([library, '/missing', '-f'])).toEqual([22, '', 'error: 404 Not Found\n']);
  });

  it.each([
    [['/crash'], /^error: .*: GET \/crash: crashed: SIGSEGV at address 0x8 in handle_request\+\w+\n {2}#0 /],
    [['/spin', '--timeout', '300ms'], /^error: .*: GET \/spin: no answer within 300 ms; it was stopped in /],
  ])('ends with 1 at %j, and says where', async (args, told) => {
    expect(await invoke([library, ...args])).toEqual([1, '', expect.stringMatching(told)]);
  });

  it('ends with 1 when there is no library', async () => {
    const [code, stdout, stderr] = await invoke(['./nowhere.so']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^error: .*\/nowhere\.so: there is no such file; build it/);
  });

  it.each([
    [[], 'invoke takes a library and a path'],
    [['a.so', '/', '/b'], 'one library and one path, not /b'],
    [['a.so', 'b'], 'b is no path'],
    [['a.so', '--nope'], "Unknown option '--nope'"],
    [['a.so', '-H', 'x'], "-H wants 'Name: value', not 'x'"],
    [['a.so', '--timeout', 'x'], '--timeout: `x` is not a duration'],
    [['a.so', '-I', '-d', 'a'], '-I asks for the head alone'],
  ])('ends with 2 at %j', async (args, told) => {
    const [code, stdout, stderr] = await invoke(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(told);
    expect(stderr).toMatch(/^error: .*; `flexilib invoke --help` shows the usage\n$/);
  });

  it('ends with 2 at a header that can’t be', async () => {
    expect((await invoke([library, '/', '-H', 'a b: c']))[0]).toBe(2);
  });

  it('explains itself', async () => {
    const [code, stdout, stderr] = await invoke(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch('flexilib invoke LIBRARY [PATH]');
  });
});
