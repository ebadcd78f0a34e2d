// What the edge's own tests share: requests that say where they run, and clients that count.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Response } from './client.ts';
import { head } from './suite/use-server.ts';

/** On the loop with the field X-Run: inline, else on the pool. poolOptions: of its route. */
export const routes = (poolOptions = ''): string =>
  `X-Run: inline / = ./lib.so\n/ = ./lib.so\n[X-Run: inline /]\nrun = inline\n[/]\n${poolOptions}\n`;

export const inline = (target: string, ...fields: string[]): string =>
  head('GET', target, 'X-Run: inline', ...fields);
export const pool = (target: string, ...fields: string[]): string => head('GET', target, ...fields);
/** What only node:http takes. */
export const foreign = (body: string, ...fields: string[]): string =>
  `${head('POST', '/echo', 'Transfer-Encoding: chunked', ...fields)}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

/** The next answers' bodies. */
export async function bodies(client: Client, count: number): Promise<string[]> {
  const all: string[] = [];
  for (let i = 0; i < count; i++) all.push((await client.response()).body.toString());
  return all;
}

/** The next answers, as «status body». */
export async function answers(client: Client, count: number): Promise<string[]> {
  const all: Response[] = [];
  for (let i = 0; i < count; i++) all.push(await client.response());
  return all.map(({ status, body }) => `${status} ${body.toString().trimEnd()}`);
}

/** Settles when the value has stayed the same for a while. */
export async function settled(value: () => number, quiet = 200): Promise<number> {
  for (let last = value(); ; last = value()) {
    await sleep(quiet);
    if (value() === last) return last;
  }
}
