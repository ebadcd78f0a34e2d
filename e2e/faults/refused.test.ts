// Requests that are refused: their connection is closed, and no executor hears of them.
import { afterEach, expect, it } from 'vitest';
import { badBodies, either, illegal, unparsable } from '../../packages/http/test/suite/no-requests.ts';
import { text } from '../support/client.ts';
import { answersIn, exchange } from './support/raw.ts';
import { endSites, obedient, openSite, type Site } from './support/site.ts';

afterEach(endSites);

const library = obedient();
const routes = `/ = ${library}`;
const get = (target: string, ...fields: string[]) =>
  `${[`GET ${target} HTTP/1.1`, 'Host: a', ...fields].join('\r\n')}\r\n\r\n`;

/** How often the executor was called. */
const calls = async (site: Site) => Number.parseInt(await text(site.server.port, '/count'), 10);

/** Each alone, and after a request that is answered; what follows it must not be taken for another one. */
async function refused(site: Site, cases: [what: string, bytes: string][], status: number): Promise<void> {
  for (const [what, bytes] of cases) {
    for (const before of [0, 1]) {
      const called = await calls(site);
      const sent = get('/fine').repeat(before) + bytes + get('/smuggled');
      const answers = answersIn(await exchange(site.server.port, sent));
      expect([what, ...answers.map((answer) => answer.status)]).toEqual([
        what,
        ...Array(before).fill(200),
        status,
      ]);
      expect(answers.at(-1)!.head).toContain('\r\nconnection: close\r\n');
      expect([what, await calls(site)]).toEqual([what, called + before]);
    }
  }
}

it('F28 over-long target, too many or too large headers', async () => {
  const site = await openSite({ routes });
  const many = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: a`);
  const fine = [`/${'a'.repeat(8191)}`, '/'].map((target) => get(target, ...many(99)));
  for (const request of [fine[1], get(`/${'a'.repeat(8191)}`)])
    expect(answersIn(await exchange(site.server.port, request, { half: true }))[0].status).toBe(200);
  await refused(
    site,
    [9000, 60_000, 300_000].map((length) => [`a target of ${length}`, get(`/${'a'.repeat(length)}`)]),
    414,
  );
  await refused(
    site,
    [
      ['101 fields', get('/', ...many(100))],
      ['5000 fields', get('/', ...many(5000))],
      ['a field of 17,000 bytes', get('/', `X: ${'a'.repeat(17_000)}`)],
      ['a field of 300,000 bytes', get('/', `X: ${'a '.repeat(150_000)}b`)],
    ],
    431,
  );
  await site.pass();
});

it('F29 body over the limit, with and without Content-Length', async () => {
  const site = await openSite({ routes, sections: '[server]\nmax_body = 64k' });
  const post = (fields: string, body: string) => `POST /echo HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}`;
  const body = 'b'.repeat((64 << 10) + 1);
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
  const most = body.slice(1);
  for (const request of [
    post(`Content-Length: ${most.length}`, most),
    post('Transfer-Encoding: chunked', `${chunk(most)}0\r\n\r\n`),
  ])
    expect(answersIn(await exchange(site.server.port, request, { half: true }))[0].body).toBe(most);
  await refused(
    site,
    [
      ['with Content-Length', post(`Content-Length: ${body.length}`, body)],
      ['with a Content-Length of terabytes', post('Content-Length: 99999999999999', '')],
      ['in one chunk', post('Transfer-Encoding: chunked', `${chunk(body)}0\r\n\r\n`)],
      ['in many', post('Transfer-Encoding: chunked', `${chunk('b'.repeat(1000)).repeat(70)}0\r\n\r\n`)],
      ['in a chunk of terabytes', post('Transfer-Encoding: chunked', `ffffffffff\r\n${body}`)],
    ],
    413,
  );
  await site.pass();
});

it('F30 CL+TE, two CLs, bad chunks, obs-fold, bare CR or LF, NUL and the like never reach an executor', async () => {
  const site = await openSite({ routes });
  await refused(site, [...unparsable, ...illegal, ...either, ...badBodies], 400);
  await site.pass();
});
