// server.mjs PORT: Bun and bun:ffi.
import { dlopen, ptr } from 'bun:ffi';

const { flat_call } = dlopen(process.env.EXECUTOR, {
  flat_call: { args: ['ptr', 'usize', 'ptr', 'usize', 'ptr'], returns: 'u32' },
}).symbols;

const target = Buffer.alloc(8192);
const content = Buffer.alloc(65536);
const out = Buffer.alloc(65536);
const [targetAt, contentAt, outAt] = [target, content, out].map((buffer) => ptr(buffer));
const init = { headers: { 'content-type': 'text/plain' } };

function call(url, body) {
  const length = target.latin1Write(url.slice(url.indexOf('/', 8)), 0);
  const contentLength = body ? body.copy(content) : 0;
  return flat_call(targetAt, length, contentAt, contentLength, outAt);
}

async function echo(request) {
  const body = Buffer.from(await request.arrayBuffer());
  return new Response(new Uint8Array(out.subarray(0, call(request.url, body))), init);
}

Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.argv[2]),
  idleTimeout: 255,
  fetch: (request) =>
    request.method === 'POST' ? echo(request) : new Response(out.latin1Slice(0, call(request.url)), init),
});
