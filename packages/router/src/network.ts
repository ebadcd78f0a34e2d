import { isIP } from 'node:net';
import type { Outcome } from './diagnostic.ts';

/** Reads addresses and networks: `127.0.0.1 10.0.0.0/8 2001:db8::/32`. */
export function parseNetworks(text: string): Outcome<readonly string[]> {
  const networks = text.split(/[ \t]+/);
  for (const network of networks) {
    const [, address, slash, digits] = /^([^/%]*)(?:(\/)(.*))?$/s.exec(network) ?? ['', ''];
    const version = isIP(address);
    if (version === 0) {
      const hint = network.includes(',')
        ? 'write blanks between them'
        : 'write 127.0.0.1, 10.0.0.0/8, 2001:db8::/32';
      return { fault: { message: `\`${network}\` is no address or network`, hint } };
    }
    const bits = version === 4 ? 32 : 128;
    if (slash !== undefined && !(/^\d{1,3}$/.test(digits) && Number(digits) <= bits)) {
      const hint = `after the slash of \`${address}\` come 0 to ${bits} bits`;
      return { fault: { message: `\`${network}\` is no network`, hint } };
    }
  }
  return { value: networks };
}
