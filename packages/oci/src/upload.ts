import type { Send } from './authorize.ts';
import { registryError } from './error.ts';
import type { Incoming } from './exchange.ts';
import type { Descriptor } from './manifest.ts';

/**
 * POST, then PUT of the whole: what each registry takes. The bytes aren't held; they may come from another registry. Gives the
 * answer that says why it wasn't taken, else null. Throws FL_REGISTRY.
 */
export async function upload(
  where: string,
  send: Send,
  url: URL,
  { digest, size }: Descriptor,
  open: () => AsyncIterable<Uint8Array>,
  timeout: number,
): Promise<Incoming | null> {
  const begun = await send({ method: 'POST', url, body: { length: 0, open: nothing }, timeout });
  if (begun.status !== 202) return begun;
  begun.body.resume();
  const { location } = begun.headers;
  const to = location !== undefined && URL.canParse(location, url.href) ? new URL(location, url) : null;
  // Registries behind a proxy that ends TLS give http:// when they aren't told: the body would go in the clear.
  if (!to || to.origin !== url.origin)
    throw registryError(
      where,
      `${url.host} wants the upload sent to ${to ? to.origin : 'no address'}, not to itself`,
    );
  to.searchParams.set('digest', digest);
  const headers = { 'content-type': 'application/octet-stream' };
  const done = await send({ method: 'PUT', url: to, headers, body: { length: size, open }, timeout });
  if (done.status !== 201 && done.status !== 204) return done;
  done.body.resume();
  const said = done.headers['docker-content-digest'];
  if (said !== undefined && said !== digest)
    throw registryError(where, `the registry stored ${said} instead`);
  return null;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
