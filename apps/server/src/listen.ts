import { isIPv6 } from 'node:net';
import type { Door } from '@flexilib/http';
import type { RunDirectory } from '@flexilib/loader';
import { FlexilibError } from '@flexilib/native';
import type { ServerOptions } from '@flexilib/router';

/** Binds, and gives the address as a URL. Throws FL_LISTEN, after removing the run directory. */
export async function listen(
  door: Door,
  { port, host }: ServerOptions,
  runDirectory: RunDirectory,
): Promise<string> {
  const name = isIPv6(host) ? `[${host}]` : host;
  try {
    const address = await door.listen(port, host);
    return `http://${name}:${address.port}`;
  } catch (cause) {
    await runDirectory.close();
    throw new FlexilibError(
      'FL_LISTEN',
      `${name}:${port}: ${explain(cause as NodeJS.ErrnoException, port)}`,
      { cause },
    );
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
