// What `flexilib dev` adds to the answers of a serving process: pages that reload, and the whole story of what went wrong.
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join, relative } from 'node:path';
import type { DevHooks, Measured, Reply, Story } from '@flexilib/http';
import type { Failure } from '../dev/protocol.ts';
import type { Tool } from './connect.ts';
import { excerptOf } from './excerpt.ts';
import { addField, inject } from './inject.ts';
import { createLeakWatch } from './leaks.ts';
import { scriptTag, type Trouble, toHtml, troubleReply } from './page.ts';

const files: Readonly<Record<string, [name: string, type: string]>> = {
  '/@flexilib/client.js': ['client.js', 'text/javascript; charset=utf-8'],
  '/@flexilib/style.css': ['style.css', 'text/css; charset=utf-8'],
};
/** Lines of libraries that are kept for the next failure. */
const LINES_MAX = 20;

export interface Live extends DevHooks {
  /** A library has logged a line. */
  logged(text: string): void;
  /** The pages are to ask another process from here on. */
  leave(): void;
}

/** warn: something that the author should know, of a library. */
export function createLive(tool: Tool, warn: (library: string, text: string) => void): Live {
  const pages = new Set<ServerResponse>();
  const begun = new WeakMap<IncomingMessage, number>();
  const leaks = createLeakWatch((library, bytes) =>
    warn(library, `each of its last calls has left at least ${bytes} bytes behind: it leaks memory`),
  );
  let lines: { at: number; text: string }[] = [];
  tool.onState = () => {
    for (const page of pages) page.write(event());
  };

  function event(): string {
    const { version, revision, failures } = tool.state;
    const [first] = Object.entries(failures);
    const failure = first ? { title: titleOf(...first), html: toHtml(first[1].text) } : null;
    const data = { version: String(version), revision: String(revision), failure };
    return `event: state\ndata: ${JSON.stringify(data)}\n\n`;
  }

  function take(req: IncomingMessage, res: ServerResponse): boolean {
    begun.set(req, performance.now());
    if (!req.url?.startsWith('/@flexilib/')) return false;
    if (req.url === '/@flexilib/events') {
      res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      res.write(event());
      pages.add(res);
      res.once('close', () => pages.delete(res));
      return true;
    }
    const file = files[req.url];
    if (!file) return false;
    res.setHeader('content-type', file[1]).setHeader('cache-control', 'no-store');
    res.end(readFileSync(join(import.meta.dirname, file[0])));
    return true;
  }

  /** Server-Timing, which browsers' tools show. */
  function timing(measured: Measured): string {
    const leak = leaks.note(measured);
    const told = leak > 0 ? `, leak;desc="at least ${leak} bytes a call"` : '';
    const { took, allocated } = measured;
    return `executor;dur=${took.toFixed(3)}, arena;desc="${allocated} bytes"${told}`;
  }

  function logOf(req: IncomingMessage): string {
    const since = begun.get(req) ?? 0;
    const said = lines.filter(({ at }) => at >= since).map(({ text }) => text);
    return said.length === 0 ? '' : `\n\nIt logged:\n  ${said.join('\n  ')}`;
  }

  function troubleOf(
    req: IncomingMessage,
    { status, reason, body }: Reply,
    story: Story | null,
  ): Trouble | null {
    const title = `${status} ${reason}`;
    if (story instanceof Error) {
      const { code, message, path } = story;
      const failure = code === 'FL_BUILD' && path !== undefined && tool.state.failures[path];
      if (!failure) return { status, reason, title, text: message };
      return { status: 500, reason: 'Internal Server Error', title: titleOf(path, failure), text: message };
    }
    if (story !== null)
      return {
        status,
        reason,
        title,
        text: `${req.method} ${req.url}: ${story}${withSource(story)}${logOf(req)}`,
      };
    // The SDKs turn an error or a panic into an empty 500 and a line in the log.
    const log = status >= 500 && body.length === 0 ? logOf(req) : '';
    return log === ''
      ? null
      : { status, reason, title, text: `${req.method} ${req.url}: the executor failed${log}` };
  }

  return {
    take,
    dress(req, reply, story, measured) {
      const { version, revision } = tool.state;
      const trouble = troubleOf(req, reply, story);
      if (!trouble && measured)
        return addField(inject(reply, scriptTag(version)), 'server-timing', timing(measured));
      if (!trouble) return reply;
      const wantsHtml = req.headers.accept?.includes('text/html') ?? false;
      return troubleReply(trouble, wantsHtml, req.method === 'HEAD', scriptTag(version, revision));
    },
    logged(text) {
      lines = [...lines.slice(1 - LINES_MAX), { at: performance.now(), text }];
    },
    leave() {
      for (const page of pages) page.end();
    },
  };
}

function titleOf(library: string, { step }: Failure): string {
  const path = relative(process.cwd(), library);
  return `${path.startsWith('..') ? library : path} does not ${step}`;
}

function withSource(report: string): string {
  const excerpt = excerptOf(report);
  return excerpt === '' ? '' : `\n\n${excerpt.trimEnd()}`;
}
