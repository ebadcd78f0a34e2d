// Listening sockets: opened, or inherited from who started us.
import { Buffer } from 'node:buffer';
import { getSystemErrorName } from 'node:util';
import { addressOf, bindSockets } from './binding.ts';

/** Connections that the kernel holds until they are accepted: also while one process takes another's place. */
const BACKLOG = 4096;
/** sd_listen_fds(3) */
const FIRST_INHERITED = 3;

export interface Listener {
  fd: number;
  /** «127.0.0.1:8069», «[::1]:8069», «unix:/run/flexilib.sock» */
  address: string;
  /** 0 for a Unix socket. */
  port: number;
}

/** Binds and listens on a name or an address; port 0 takes a free one. Rejects with the system's error. */
export async function openListener(host: string, port: number): Promise<Listener> {
  const numeric = /^[\d.]+$|:/.test(host) ? host : await lookup(host);
  const fd = bindSockets().listen(numeric, port, BACKLOG);
  if (fd >= 0) return describe(fd);
  const code = getSystemErrorName(fd);
  throw Object.assign(new Error(`listen ${code}: ${host}:${port}`), { code, syscall: 'listen' });
}

/**
 * The sockets that the service manager has opened for this process (sd_listen_fds(3)); none if it hasn't. Throws the
 * system's error for one that isn't a listening socket. The variables are taken out of the environment.
 */
export function inheritedListeners(env: NodeJS.ProcessEnv = process.env): Listener[] {
  const { LISTEN_PID, LISTEN_FDS } = env;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name];
  if (Number(LISTEN_PID) !== process.pid) return [];
  const { adoptListener } = bindSockets();
  return Array.from({ length: Number(LISTEN_FDS) || 0 }, (_, i) => {
    const fd = FIRST_INHERITED + i;
    const status = adoptListener(fd);
    if (status === 0) return describe(fd);
    const code = getSystemErrorName(status);
    throw Object.assign(new Error(`descriptor ${fd} of LISTEN_FDS is no listening socket: ${code}`), {
      code,
    });
  });
}

function describe(fd: number): Listener {
  const text = Buffer.from(new ArrayBuffer(128));
  bindSockets().address(fd, addressOf(text));
  const address = text.toString('latin1', 0, text.indexOf(0));
  return { fd, address, port: Number(/:(\d+)$/.exec(address)?.[1] ?? 0) };
}

async function lookup(host: string): Promise<string> {
  const { address } = await process.getBuiltinModule('node:dns').promises.lookup(host);
  return address;
}
