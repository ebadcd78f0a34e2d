// Projects in C for the tests of `flexilib dev`: the language that builds fastest.
import { request as httpRequest } from 'node:http';
import { expect } from 'vitest';
import { text } from './client.ts';
import { type Dev, project } from './dev.ts';

export const c = (body: string, more = ''): string => `#include "flexilib_helpers.h"
FLEXILIB_EXECUTOR
${more}
flexilib_response *handle_request(flexilib_request *request) {
    (void)request;
    ${body}
}
`;
export const answering = (body: string): string => c(`return flexilib_printf(200, "${body}");`);
export const page: string =
  c(`flexilib_response *response = flexilib_printf(200, "<html><body>hello</body></html>");
    flexilib_add_header(response, "content-type", "text/html; charset=utf-8");
    return response;`);

export const cProject = (source: string, config = '/ = ./dist/liba.so\n'): string =>
  project({
    'proxy.ini': config,
    'compile_flags.txt': '-std=c11\n-Wall\n-ISDK/include\n',
    'src/main.c': source,
  });

export const html: Record<string, string> = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
export const eventually: { timeout: number; interval: number } = { timeout: 20_000, interval: 20 };

/** The first answer that isn't the one given. */
export async function after(dev: Dev, before: string, path = '/'): Promise<string> {
  let answer = before;
  await expect
    .poll(async () => {
      answer = await text(dev.port, path);
      return answer;
    }, eventually)
    .not.toBe(before);
  return answer;
}

/** What the script of a page hears. */
export function listen(port: number): { states: { version: string; failure: unknown }[] } {
  const states: { version: string; failure: unknown }[] = [];
  httpRequest({ port, path: '/@flexilib/events', agent: false }, (res) => {
    res.setEncoding('utf8').on('data', (data: string) => {
      for (const [, json] of data.matchAll(/^data: (.*)$/gm)) states.push(JSON.parse(json));
    });
    res.on('error', () => {});
  }).end();
  return { states };
}
