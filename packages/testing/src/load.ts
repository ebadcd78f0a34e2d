import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FlexilibError } from '@flexilib/native';
import { type Host, type Line, openHost } from './host.ts';
import { judge, type Leaks } from './leaks.ts';
import { createLimit } from './limit.ts';
import { spawnHost } from './remote.ts';
import { type Asked, ask, type RequestOptions } from './request.ts';
import { type ExecutorResponse, responseOf } from './response.ts';

const TIMEOUT_MS = 5000;
const LEAK_CALLS = 1000;
/** Of the lines that an error shows. */
const LINES_MAX = 20;

export interface LoadOptions {
  /** true: in a process of its own, which may crash, hang and exit. false: in this one. */
  isolate?: boolean;
  /** Milliseconds that a call may take: 5000. */
  timeout?: number;
  /** Calls at a time: 1. More fetches wait. Without isolation the first load decides for all. */
  threads?: number;
}

/** A library under test. */
export interface Executor {
  /** What it logged, the oldest first; also why it would not unload. */
  readonly logs: readonly Line[];
  /**
   * A request to it, and its answer. input: a path, which is sent as it is written, or a URL or a Request.
   * Throws FL_CALL_CRASHED and FL_CALL_TIMEOUT with the place in the source; FL_CALL_ANSWER where a server would answer 500;
   * FL_CALL_REQUEST; FL_LIBRARY_* if a crash came before and it can't be loaded again. Then the lines that it logged follow.
   */
  fetch(input: string | URL | Request, options?: RequestOptions): Promise<ExecutorResponse>;
  /**
   * Makes the same request again and again, twice as often as calls says (1000; fewer than some hundred don't see small
   * leaks), and gives what the second half left behind. Throws as fetch does; FL_CALL_REQUEST without isolation.
   */
  leaks(input: string | URL | Request, options?: RequestOptions & { calls?: number }): Promise<Leaks>;
  /** Unloads it when its calls are out. Never rejects. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Loads a library as the server does. Throws FL_LIBRARY_* in the server's words, FL_STAGING, FL_RUNTIME.
 * path: a file's path or file: URL.
 */
export async function load(path: string | URL, options: LoadOptions = {}): Promise<Executor> {
  const { isolate = true, timeout = TIMEOUT_MS, threads = 1 } = options;
  const logs: Line[] = [];
  const file = path instanceof URL ? fileURLToPath(path) : resolve(path);
  const start = isolate ? spawnHost : openHost;
  const onLog = (line: Line) => logs.push(line);
  const host = await withLines(() => start({ path: file, timeout, threads, onLog }));
  const limit = createLimit(threads);
  let closing: Promise<void> | undefined;

  /** Adds what was logged meanwhile to an error. */
  async function withLines<T>(action: () => Promise<T>): Promise<T> {
    const before = logs.length;
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof FlexilibError) || logs.length === before) throw error;
      const lines = logs.slice(before).slice(-LINES_MAX);
      const text = lines.map((line) => `\n  ${line.level}: ${line.text}`).join('');
      throw new FlexilibError(error.code, `${error.message}\nIt logged:${text}`, {
        path: file,
        cause: error.cause,
      });
    }
  }

  async function request<T>(
    input: string | URL | Request,
    options: RequestOptions,
    action: (host: Host, asked: Asked) => Promise<T>,
  ): Promise<T> {
    if (closing) throw new FlexilibError('FL_CALL_REQUEST', `${file}: is closed`, { path: file });
    return limit.run(async () => {
      const asked = await ask(input, options);
      return withLines(() => action(host, asked));
    });
  }

  const close = (): Promise<void> => {
    closing ??= limit.idle().then(() => host.close());
    return closing;
  };
  return {
    logs,
    fetch: async (input, options = {}) =>
      responseOf(await request(input, options, (host, asked) => host.call(asked))),
    leaks: async (input, { calls = LEAK_CALLS, ...options } = {}) =>
      judge(await request(input, options, (host, asked) => host.measure(asked, calls))),
    close,
    [Symbol.asyncDispose]: close,
  };
}
