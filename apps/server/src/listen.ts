import { isIPv6 } from 'node:net';
import { FlexilibError, inheritedListeners, type Listener, openListener } from '@flexilib/native';
import type { ServerOptions } from '@flexilib/router';

/** The sockets that the service manager has opened, else one of our own. Throws FL_LISTEN, FL_RUNTIME. */
export async function listen({ port, host }: ServerOptions): Promise<Listener[]> {
  try {
    const inherited = inheritedListeners();
    return inherited.length > 0 ? inherited : [await openListener(host, port)];
  } catch (cause) {
    if (cause instanceof FlexilibError) throw cause; // there is no runtime
    const where = isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
    const text = `${where}: ${explain(cause as NodeJS.ErrnoException, port)}`;
    throw new FlexilibError('FL_LISTEN', text, { cause });
  }
}

function explain(cause: NodeJS.ErrnoException, port: number): string {
  switch (cause.code) {
    case 'EADDRINUSE':
      return `the port is in use; \`ss -ltnp 'sport = :${port}'\` shows by whom, PORT sets another`;
    case 'EACCES':
      return 'not allowed; ports below 1024 need CAP_NET_BIND_SERVICE, PORT sets another';
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address; HOST sets another';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'no such host; HOST takes an address of this machine';
    default:
      return cause.message;
  }
}
