import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { UpstreamOptions, UpstreamTarget } from './spec.ts';

/**
 * How a route speaks TLS to a target, for tls.connect and https.request. Reads the files anew, so that renewed certificates
 * hold. Rejects when one can't be read.
 */
export async function tlsOptions(
  { tls_verify, tls_ca, tls_certificate, tls_key, tls_name }: UpstreamOptions,
  { host }: UpstreamTarget,
): Promise<ConnectionOptions> {
  const read = (path: string | undefined): Promise<Buffer | undefined> =>
    path === undefined ? Promise.resolve(undefined) : readFile(path);
  const [ca, cert, key] = await Promise.all([read(tls_ca), read(tls_certificate), read(tls_key)]);
  return {
    rejectUnauthorized: tls_verify,
    // RFC 6066, 3: an address is no name. Node then checks the certificate for the address that it connects to.
    servername: tls_name ?? (isIP(host) === 0 ? host : ''),
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  };
}
