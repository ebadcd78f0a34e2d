// A stream of responses, believed in nothing: every head and length is checked as it comes.
import { Buffer } from 'node:buffer';

const STATUS_LINE = /^HTTP\/1\.1 (\d{3}) [^\r\n\0]*$/;
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([^\r\n\0]*)$/;

export class Responses {
  /** Final responses that are complete. */
  answers = 0;
  /** Interim responses (1xx). */
  interims = 0;
  /** Why what follows is no response. */
  problem = '';
  #heads: readonly number[];
  #rest: Buffer = Buffer.alloc(0);
  #text = '';

  /** heads: the requests whose responses have no body. */
  constructor(heads: readonly number[]) {
    this.#heads = heads;
  }

  push(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (!this.problem && this.#take());
  }

  /** All that came, without the dates. */
  get text(): string {
    return this.#text + this.#rest.toString('latin1');
  }

  /** Bytes that are no whole response. */
  get leftover(): number {
    return this.#rest.length;
  }

  #take(): boolean {
    const end = this.#rest.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const lines = this.#rest.toString('latin1', 0, end).split('\r\n');
    const length = this.#bodyLength(lines);
    const whole = end + 4 + length;
    if (this.problem || this.#rest.length < whole) return false;
    const final = !lines[0].startsWith('HTTP/1.1 1');
    if (final) this.answers += 1;
    else this.interims += 1;
    this.#text += `${lines.join('\r\n').replace(/^date: .*$/m, 'date: DATE')}\r\n\r\n`;
    this.#text += this.#rest.toString('latin1', end + 4, whole);
    this.#rest = this.#rest.subarray(whole);
    return true;
  }

  #bodyLength([line, ...fields]: string[]): number {
    const status = Number(STATUS_LINE.exec(line)?.[1]);
    if (!status) return this.#fail(`no status line: ${line}`);
    const interim = status < 200;
    const lengths: number[] = [];
    let dates = 0;
    for (const field of fields) {
      const [, name, value] = FIELD_LINE.exec(field) ?? [];
      if (name === undefined) return this.#fail(`no field: ${field}`);
      switch (name.toLowerCase()) {
        case 'content-length':
          if (!/^\d+$/.test(value)) return this.#fail(field);
          lengths.push(Number(value));
          break;
        case 'date':
          dates += 1;
          if (new Date(value).toUTCString() !== value) return this.#fail(field);
          break;
        case 'transfer-encoding':
          return this.#fail(field);
      }
    }
    if (dates !== (interim ? 0 : 1)) return this.#fail(`${dates} dates`);
    const bare = interim || status === 204 || status === 304;
    if (lengths.length !== (bare ? 0 : 1)) return this.#fail(`${lengths.length} content-lengths`);
    return bare || this.#heads.includes(this.answers) ? 0 : lengths[0];
  }

  #fail(problem: string): number {
    this.problem = problem;
    return 0;
  }
}
