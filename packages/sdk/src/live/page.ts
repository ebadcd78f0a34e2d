// What went wrong, as a page for browsers and as text for others.
import { stripVTControlCharacters } from 'node:util';
import type { Reply } from '@flexilib/http';
import { AnsiUp } from 'ansi_up';
import type { Trouble } from './trouble.ts';

/** Nobody reads more of what a compiler says, and it takes the loop milliseconds. */
const TEXT_MAX = 64 << 10;

/** Text in a terminal's colours as HTML, escaped. */
export function toHtml(text: string): string {
  const converter = new AnsiUp();
  converter.escape_html = true;
  converter.use_classes = true; // style.css
  return converter.ansi_to_html(text.slice(0, TEXT_MAX));
}

/** The script that belongs into each page. */
export function scriptTag(version: number, revision?: number): string {
  const story = revision === undefined ? '' : ` data-revision="${revision}"`;
  return `<script src="/@flexilib/client.js" data-version="${version}"${story}></script>`;
}

function page({ title, text }: Trouble, script: string): string {
  const heading = toHtml(title);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${heading}</title><link rel="stylesheet" href="/@flexilib/style.css"></head>
<body><main><h1>${heading}</h1><pre>${toHtml(text)}</pre><footer>This page reloads by itself.</footer></main>
${script}</body>
</html>
`;
}

/** script: scriptTag's, for a page. headOnly: the request was HEAD. */
export function troubleReply(trouble: Trouble, wantsHtml: boolean, headOnly: boolean, script: string): Reply {
  const { status, reason, title, text } = trouble;
  const body = Buffer.from(
    wantsHtml ? page(trouble, script) : `${stripVTControlCharacters(`${title}\n\n${text}`).trimEnd()}\n`,
  );
  const type = wantsHtml ? 'text/html' : 'text/plain';
  const head = `content-type: ${type}; charset=utf-8\r\ncache-control: no-store\r\ncontent-length: ${body.length}\r\n`;
  return { status, reason, head, body: headOnly ? Buffer.alloc(0) : body };
}
