// What open pages hear: the state, at once and whenever it changes, as server-sent events (HTML, 9.2).
import type { ServerResponse } from 'node:http';
import type { State, Tool } from './connect.ts';
import { toHtml } from './page.ts';
import { titleOf } from './trouble.ts';

/** Milliseconds until a page asks again whose process was replaced. */
const RETRY_MS = 250;

export interface Events {
  /** Answers a page's request, for as long as it is open. */
  add(res: ServerResponse): void;
  /** Ends all: the pages are to ask another process from here on. */
  end(): void;
}

export function createEvents(tool: Tool): Events {
  const pages = new Set<ServerResponse>();
  let event = eventOf(tool.state);
  tool.onState = () => {
    event = eventOf(tool.state);
    for (const page of pages) page.write(event);
  };

  return {
    add(res) {
      res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      res.write(`retry: ${RETRY_MS}\n${event}`);
      pages.add(res);
      res.once('close', () => pages.delete(res));
    },
    end() {
      for (const page of pages) page.end();
    },
  };
}

function eventOf({ version, revision, failures }: State): string {
  const [first] = Object.entries(failures);
  const failure = first ? { title: titleOf(...first), html: toHtml(first[1].text) } : null;
  const data = { version: String(version), revision: String(revision), failure };
  return `event: state\ndata: ${JSON.stringify(data)}\n\n`;
}
