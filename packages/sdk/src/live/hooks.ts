// What `flexilib dev` adds to the answers of a serving process: pages that reload, and the whole story of what went wrong.
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { DevHooks, Measured } from '@flexilib/http';
import type { Tool } from './connect.ts';
import { createEvents } from './events.ts';
import { addField, inject } from './inject.ts';
import { createLeakWatch } from './leaks.ts';
import { isLocal } from './local.ts';
import { scriptTag, troubleReply } from './page.ts';
import { troubleOf } from './trouble.ts';

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

/** When a request came, and which version its answer is of at least. */
interface Begun {
  at: number;
  version: number;
}

/** warn: something that the author should know, of a library. */
export function createLive(tool: Tool, warn: (library: string, text: string) => void): Live {
  const events = createEvents(tool);
  const begun = new WeakMap<IncomingMessage, Begun>();
  const leaks = createLeakWatch((library, bytes) =>
    warn(library, `each of its last calls has left at least ${bytes} bytes behind: it leaks memory`),
  );
  let lines: { at: number; text: string }[] = [];

  /** Server-Timing, which browsers' tools show. */
  function timing(measured: Measured): string {
    const leak = leaks.note(measured);
    const told = leak > 0 ? `, leak;desc="at least ${leak} bytes a call"` : '';
    const { took, allocated } = measured;
    return `executor;dur=${took.toFixed(3)}, arena;desc="${allocated} bytes"${told}`;
  }

  return {
    take(req, res) {
      begun.set(req, { at: performance.now(), version: tool.state.version });
      const file = files[req.url ?? ''];
      if ((!file && req.url !== '/@flexilib/events') || !isLocal(req)) return false;
      res.shouldKeepAlive = false; // the door doesn't know when such a connection is idle
      if (!file) events.add(res);
      else {
        res.setHeader('content-type', file[1]).setHeader('cache-control', 'no-store');
        res.end(readFileSync(join(import.meta.dirname, file[0])));
      }
      return true;
    },
    dress(req, reply, story, measured) {
      if (!isLocal(req)) return reply;
      const { failures, revision } = tool.state;
      const { at, version } = begun.get(req)!;
      const logged = lines.filter((line) => line.at >= at).map(({ text }) => text);
      const request = `${req.method} ${req.url}`;
      const trouble = troubleOf({ request, reply, story, logged, failures });
      if (trouble) {
        const wantsHtml = req.headers.accept?.includes('text/html') ?? false;
        return troubleReply(trouble, wantsHtml, req.method === 'HEAD', scriptTag(version, revision));
      }
      if (!measured) return reply;
      const page = isPart(req) ? reply : inject(reply, scriptTag(version));
      return addField(page, 'server-timing', timing(measured));
    },
    logged(text) {
      lines = [...lines.slice(1 - LINES_MAX), { at: performance.now(), text }];
    },
    leave: events.end,
  };
}

/** Asked for by a script, to be put into a page that has the tag already (Fetch Metadata). */
function isPart({ headers }: IncomingMessage): boolean {
  const destination = headers['sec-fetch-dest'];
  return destination !== undefined && !/^(?:document|i?frame)$/.test(String(destination));
}
