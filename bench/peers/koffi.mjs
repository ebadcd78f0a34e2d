// The executor through koffi: one call a request, buffers made once, addresses as numbers.
import koffi from 'koffi';

const flatCall = koffi
  .load(process.env.EXECUTOR)
  .func('size_t flat_call(size_t target, size_t target_len, size_t content, size_t content_len, size_t out)');

function buffer(size) {
  const bytes = Buffer.from(new ArrayBuffer(size)); // never from the pool: its address must stay
  return { bytes, address: Number(koffi.address(bytes)) };
}

const target = buffer(8192);
const content = buffer(65536);
const out = buffer(65536);

/** Gives the body: a string, or a copy of it where a body came in. */
export function call(url, body) {
  const targetLength = target.bytes.latin1Write(url, 0);
  const contentLength = body ? body.copy(content.bytes) : 0;
  const length = Number(flatCall(target.address, targetLength, content.address, contentLength, out.address));
  return body ? Buffer.from(out.bytes.subarray(0, length)) : out.bytes.latin1Slice(0, length);
}
