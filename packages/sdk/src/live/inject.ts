import type { Reply } from '@flexilib/http';

/**
 * The reply with a tag put at the end of its page, which no cache may keep: its copy would have another tag. Anything but
 * a whole HTML text in one of ASCII's extensions stays as it is.
 */
export function inject(reply: Reply, tag: string): Reply {
  if (!isPage(reply)) return reply;
  const end = reply.body.toString('latin1').toLowerCase().lastIndexOf('</body>');
  const at = end < 0 ? reply.body.length : end;
  const body = Buffer.concat([reply.body.subarray(0, at), Buffer.from(tag), reply.body.subarray(at)]);
  const head = reply.head
    .replace(/^content-length: \d+\r$/im, `content-length: ${body.length}\r`)
    .replace(/^(?:etag|last-modified|cache-control|expires):.*\r\n/gim, '');
  return { ...reply, head: `${head}cache-control: no-store\r\n`, body };
}

function isPage({ status, head, body }: Reply): boolean {
  const type = /^content-type: *text\/html *(?:;[^\r\n]*charset="?([^\s;"]+))?/im.exec(head);
  if (!type || body.length === 0 || status === 206) return false;
  const charset = type[1]?.toLowerCase() ?? 'utf-8';
  return (
    /^(?:utf-8|us-ascii|iso-8859-\d+|windows-125\d)$/.test(charset) && !/^content-encoding:/im.test(head)
  );
}

/** The reply with one more field. */
export function addField(reply: Reply, name: string, value: string): Reply {
  return { ...reply, head: `${reply.head}${name}: ${value}\r\n` };
}
