import type { Reply } from '@flexilib/http';

/** The reply with a tag put at the end of its page; anything but an HTML text stays as it is. */
export function inject(reply: Reply, tag: string): Reply {
  if (reply.body.length === 0 || !isHtml(reply.head)) return reply;
  const end = reply.body.toString('latin1').toLowerCase().lastIndexOf('</body>');
  const at = end < 0 ? reply.body.length : end;
  const body = Buffer.concat([reply.body.subarray(0, at), Buffer.from(tag), reply.body.subarray(at)]);
  const head = reply.head.replace(/^content-length: \d+\r$/im, `content-length: ${body.length}\r`);
  return { ...reply, head, body };
}

function isHtml(head: string): boolean {
  return /^content-type: *text\/html\b/im.test(head) && !/^content-encoding:/im.test(head);
}

/** The reply with one more field. */
export function addField(reply: Reply, name: string, value: string): Reply {
  return { ...reply, head: `${reply.head}${name}: ${value}\r\n` };
}
