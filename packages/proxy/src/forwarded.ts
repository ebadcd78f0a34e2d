// Who a request comes from, past proxies: X-Forwarded-For and Forwarded (RFC 7239), and whose word of it counts.
import { BlockList, isIP, isIPv4 } from 'node:net';
import { listValue } from './fields.ts';

/** More proxies than these in a row are no way that a request takes. */
const HOPS_MAX = 64;

/** Whether the word of who has this address counts. */
export type Trust = (address: string) => boolean;

/** networks: addresses, and networks as `10.0.0.0/8` or `fd00::/8`. Throws a TypeError with the one that is neither. */
export function createTrust(networks: readonly string[]): Trust {
  if (networks.length === 0) return () => false;
  const list = new BlockList();
  for (const network of networks) {
    const [, address = '', bits] = /^([\da-f:.]+)(?:\/(\d{1,3}))?$/i.exec(network) ?? [];
    const version = isIP(address);
    const length = version === 4 ? 32 : 128;
    if (version === 0 || Number(bits ?? 0) > length)
      throw new TypeError(`\`${network}\` is no address and no network`);
    list.addSubnet(address, bits === undefined ? length : Number(bits), version === 4 ? 'ipv4' : 'ipv6');
  }
  return (address) => {
    const plain = plainAddress(address);
    const version = isIP(plain);
    return version !== 0 && list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
  };
}

/** The client's address: the last of X-Forwarded-For that isn't trusted itself, when the peer is; else the peer's. */
export function clientAddress(peer: string, rawHeaders: readonly string[], trust: Trust): string {
  let client = plainAddress(peer);
  if (!trust(client)) return client;
  const list = listValue(rawHeaders, 'x-forwarded-for');
  if (list === undefined) return client;
  let end = list.length;
  for (let hop = 0; hop < HOPS_MAX && end >= 0; hop++) {
    const comma = end === 0 ? -1 : list.lastIndexOf(',', end - 1);
    const address = addressIn(list.slice(comma + 1, end).trim());
    // What stands before something that isn't an address was said by nobody we know.
    if (address === '') return client;
    client = address;
    if (!trust(client)) return client;
    end = comma;
  }
  return client;
}

/** An address without its zone, and IPv4 as IPv4. */
export function plainAddress(address: string): string {
  const zone = address.indexOf('%');
  const bare = zone === -1 ? address : address.slice(0, zone);
  return /^::ffff:/i.test(bare) && isIPv4(bare.slice(7)) ? bare.slice(7) : bare;
}

/** One element of Forwarded; client: an address or «unknown»; host «»: not known. */
export function forwardedElement(client: string, host: string, protocol: string): string {
  const said = host === '' ? '' : `;host="${host.replace(/["\\]/g, '\\$&')}"`;
  return `for=${forwardedNode(client)}${said};proto=${protocol}`;
}

/** An address, or «unknown», as the value of «for». */
export function forwardedNode(client: string): string {
  return client.includes(':') ? `"[${client}]"` : client;
}

/** The address in an element of X-Forwarded-For, which may have a port; «» when there is none. */
function addressIn(element: string): string {
  const bare = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(element)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(element)?.[1];
  const address = plainAddress(bare ?? element);
  return isIP(address) === 0 ? '' : address;
}
