import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, expect, test, vi } from 'vitest';
import type { UpstreamOptions, UpstreamTarget } from '../src/index.ts';
import { createGroups, type Group, whyFailed } from '../src/index.ts';
import { type Line, specOf, target } from './spec.ts';

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function listen<T extends Server>(server: T, where: number | string = 0): Promise<T> {
  if (typeof where === 'string') server.listen(where);
  else server.listen(where, '127.0.0.1');
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
  endings.push(() => close(server));
  return server;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  if (server.listening) await new Promise((resolve) => server.close(resolve));
}

const serverOf = (handle: RequestListener, where?: number | string) => listen(createServer(handle), where);
const portOf = (server: Server) => (server.address() as AddressInfo).port;

/** Checks these every 50 ms, and waits until the log has so many lines. */
function checked(targets: readonly UpstreamTarget[], options: Partial<UpstreamOptions> = {}) {
  const lines: Line[] = [];
  const groups = createGroups({ onState: (_, text, worse) => lines.push({ text, worse }) });
  endings.push(groups.close);
  const group = groups.group(specOf(targets, { health_path: '/health?a', health_interval: 50, ...options }));
  const until = async (count: number) => {
    await vi.waitFor(() => expect(lines.length).toBeGreaterThanOrEqual(count), {
      timeout: 10_000,
      interval: 5,
    });
    return lines.map(({ text }) => text);
  };
  return { group, groups, lines, until };
}

const isOut = (group: Group) => {
  const backend = group.begin(0, []);
  if (backend) group.end(backend, 'unknown');
  return backend === null;
};

test('a check asks for the path, as the route would, on a connection of its own', async () => {
  const seen: { url: string; headers: IncomingHttpHeaders; port: number }[] = [];
  const server = await serverOf((req, res) => {
    seen.push({ url: req.url!, headers: req.headers, port: req.socket.remotePort! });
    res.end();
  });
  const url = `http://127.0.0.1:${portOf(server)}`;
  checked([target(url)]);
  await vi.waitFor(() => expect(seen.length).toBeGreaterThan(2), { timeout: 10_000 });
  expect(seen[0]!.url).toBe('/health?a');
  expect(seen[0]!.headers).toEqual({
    host: `127.0.0.1:${portOf(server)}`,
    'user-agent': 'flexilib',
    connection: 'close',
  });
  expect(new Set(seen.map(({ port }) => port)).size).toBe(seen.length);

  seen.length = 0;
  checked([target(url)], { host: 'a.example' });
  await vi.waitFor(() => expect(seen.some(({ headers }) => headers.host === 'a.example')).toBe(true));
});

test('two failures in a row take a backend out, two answers bring it back', async () => {
  const answers = [200, 500, 200, 500, 503, 200, 404, 200, 204];
  let count = 0;
  const outs: boolean[] = [];
  const server = await serverOf((_, res) => {
    outs.push(isOut(group));
    res.writeHead(answers[count++] ?? 200).end();
  });
  const { group, lines, until } = checked([target(`http://127.0.0.1:${portOf(server)}`)]);
  await until(2);
  expect(lines).toEqual([
    {
      text: `127.0.0.1:${portOf(server)} is out: 2 health checks in a row failed, the last: status 503`,
      worse: true,
    },
    { text: `127.0.0.1:${portOf(server)} is back`, worse: false },
  ]);
  // As each check found it.
  expect(outs.slice(0, 9)).toEqual([false, false, false, false, false, true, true, true, true]);
  expect(isOut(group)).toBe(false);
});

test('at the very start one failure is enough', async () => {
  let status = 500;
  const server = await serverOf((_, res) => res.writeHead(status).end());
  const { group, until } = checked([target(`http://127.0.0.1:${portOf(server)}`)]);
  expect((await until(1))[0]).toContain('is out: its first health check failed: status 500');
  expect(isOut(group)).toBe(true);
  expect(group.retryAfter).toBe(1);
  status = 204;
  expect((await until(2))[1]).toContain('is back');
});

test('a killed backend is out soon, and back soon after it is', async () => {
  const server = await serverOf((_, res) => res.end());
  const port = portOf(server);
  const { group, until } = checked([target(`http://127.0.0.1:${port}`)]);
  await close(server);
  expect((await until(1))[0]).toMatch(/is out: .*: connection refused$/);
  expect(isOut(group)).toBe(true);
  await serverOf((_, res) => res.end(), port);
  await until(2);
  expect(isOut(group)).toBe(false);
});

test('one of two that is down has no requests, and the times of passive health do not bring it back', async () => {
  let well = false;
  const bad = await serverOf((_, res) => res.writeHead(well ? 200 : 500).end());
  const good = await serverOf((_, res) => res.end());
  const urls = [bad, good].map((server) => `http://127.0.0.1:${portOf(server)}`);
  const { group, until } = checked(
    urls.map((url) => target(url)),
    { eject_after: 1, eject_time: 1 },
  );
  const first = group.backends[0]!;
  const tried = group.backends.slice(1);
  group.end(group.begin(0, tried)!, 'failed', 'connection reset');
  await vi.waitFor(async () => expect((await until(1)).join('\n')).toContain('health check'));
  await new Promise((resolve) => setTimeout(resolve, 20)); // well past eject_time
  for (let i = 0; i < 10; i++) {
    expect(group.begin(0, [])).toBe(tried[0]);
    expect(group.begin(0, tried)).toBe(tried[0]);
  }
  well = true;
  await vi.waitFor(() => expect(group.begin(0, tried)).toBe(first), { timeout: 10_000 });
});

test('in panic a backend that is down has requests, and what becomes of them is no news', async () => {
  const server = await serverOf((_, res) => res.writeHead(500).end());
  const { group, lines, until } = checked([target(`http://127.0.0.1:${portOf(server)}`)], {
    panic_threshold: 50,
    eject_after: 1,
  });
  expect((await until(2))[1]).toBe('fewer than 50 % of the backends are well: all are used');
  for (const outcome of ['failed', 'failed', 'ok', 'failed'] as const)
    group.end(group.begin(0, [])!, outcome, 'connection reset');
  expect(lines).toHaveLength(2);
});

test('health_status says what is well', async () => {
  const server = await serverOf((_, res) => res.writeHead(401).end());
  const targets = [target(`http://127.0.0.1:${portOf(server)}`)];
  const taken = checked(targets, {
    health_status: [
      [200, 204],
      [401, 401],
    ],
  });
  const refused = checked(targets, { health_status: [[402, 499]] });
  expect((await refused.until(1))[0]).toContain('status 401');
  expect(isOut(taken.group)).toBe(false);
  expect(taken.lines).toEqual([]);
});

test('one that does not answer in time is out, and is never asked twice at a time', async () => {
  let open = 0;
  let most = 0;
  let count = 0;
  const server = await serverOf((req) => {
    count++;
    most = Math.max(most, ++open);
    req.socket.once('close', () => open--);
  });
  const { until } = checked([target(`http://127.0.0.1:${portOf(server)}`)]);
  expect((await until(1))[0]).toContain('its first health check failed: no answer within 50 ms');
  await vi.waitFor(() => expect(count).toBeGreaterThan(3), { timeout: 10_000 });
  expect(most).toBe(1);
});

test('an answer that never ends is one, and is cut', async () => {
  let cut = 0;
  const server = await serverOf((_, res) => {
    res.write('x');
    const timer = setInterval(() => res.write('x'), 1);
    res.once('close', () => {
      clearInterval(timer);
      cut++;
    });
  });
  const { group, lines } = checked([target(`http://127.0.0.1:${portOf(server)}`)]);
  await vi.waitFor(() => expect(cut).toBeGreaterThan(2), { timeout: 10_000 });
  expect(lines).toEqual([]);
  expect(isOut(group)).toBe(false);
});

test('what is no HTTP is no answer', async () => {
  const { createServer: createRaw } = process.getBuiltinModule('node:net');
  for (const [bytes, why] of [
    ['220 smtp.example\r\n', 'no HTTP: Expected HTTP/'],
    ['', 'it closed the connection without an answer'],
  ] as const) {
    const server = createRaw((socket) => void socket.on('error', () => {}).end(bytes)).listen(0, '127.0.0.1');
    endings.push(() => server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const { until } = checked([target(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)], {
      health_interval: 1000,
    });
    expect((await until(1))[0]).toContain(`its first health check failed: ${why}`);
  }
});

test('errors are told in words, those of files with their names', () => {
  expect(whyFailed({ code: 'EHOSTUNREACH', message: 'connect EHOSTUNREACH 10.0.0.1:80' })).toBe(
    'no route to it',
  );
  expect(whyFailed({ code: 'EACCES', syscall: 'connect', message: '' })).toBe('permission denied');
  const message = "EACCES: permission denied, open '/a.pem'";
  expect(whyFailed({ code: 'EACCES', syscall: 'open', message })).toBe(message);
  expect(whyFailed({ code: 'constructor', message: 'odd\nerror' })).toBe('odd error');
  expect(whyFailed(new Error(''))).toBe('Error');
});

test('a name that there is not is told', async () => {
  const { until } = checked([target('http://no.invalid:80')], { health_interval: 6000 });
  expect((await until(1))[0]).toMatch(
    /^no\.invalid:80 is out: its first health check failed: (?:its name is not known|no name server answers)$/,
  );
});

test('a Unix socket is checked', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'checks-'));
  endings.push(() => rmSync(folder, { recursive: true }));
  const socket = join(folder, 'a.sock');
  const hosts: (string | undefined)[] = [];
  await serverOf((req, res) => {
    hosts.push(req.headers.host);
    res.end();
  }, socket);
  const at = (path: string) => target('http://localhost', { socket: path, port: 0 });
  const { until, group } = checked([at(socket), at(join(folder, 'none.sock'))]);
  expect((await until(1))[0]).toBe(
    `unix:${join(folder, 'none.sock')} is out: its first health check failed: no such socket`,
  );
  await vi.waitFor(() => expect(hosts[0]).toBe('localhost'), { timeout: 10_000 });
  expect(group.begin(0, [])).toBe(group.backends[0]);
});

test('TLS is checked as the route says', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'checks-'));
  endings.push(() => rmSync(folder, { recursive: true }));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=a.example', '-addext', 'subjectAltName=DNS:a.example'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...kind, '-keyout', key, '-out', cert, ...subject], { stdio: 'pipe' });
  const names: (string | false | null)[] = [];
  const certified: boolean[] = [];
  const server = await listen(
    createTlsServer(
      {
        key: readFileSync(key),
        cert: readFileSync(cert),
        ca: readFileSync(cert),
        requestCert: true,
        rejectUnauthorized: false,
      },
      (req, res) => {
        const socket = req.socket as TLSSocket & { servername?: string | false };
        names.push(socket.servername ?? null);
        certified.push(socket.authorized);
        res.end();
      },
    ) as unknown as Server,
  );
  const targets = [target(`https://127.0.0.1:${portOf(server)}`)];
  const slow = { health_interval: 2000 }; // time for a handshake
  const problem = async (options: Partial<UpstreamOptions>) =>
    (await checked(targets, { ...slow, ...options }).until(1))[0]!.replace(/.*failed: /, '');

  expect(await problem({})).toMatch(/self-signed certificate/);
  expect(await problem({ tls_ca: cert })).toMatch(/altnames/); // nobody is 127.0.0.1
  expect(await problem({ tls_ca: join(folder, 'none.pem') })).toMatch(/ENOENT/);
  expect(names).toEqual([]);

  checked(targets, { ...slow, tls_ca: cert, tls_name: 'a.example', tls_certificate: cert, tls_key: key });
  await vi.waitFor(() => expect(names).toHaveLength(1), { timeout: 10_000 });
  expect([names[0], certified[0]]).toEqual(['a.example', true]);
  checked(targets, { ...slow, tls_verify: false });
  await vi.waitFor(() => expect(names).toHaveLength(2), { timeout: 10_000 });
  expect([names[1], certified[1]]).toEqual([false, false]);
});

test('a closed group checks no more, and cuts the check that is under way', async () => {
  let begun = 0;
  let ended = 0;
  const server = await serverOf((req) => {
    begun++;
    req.socket.once('close', () => ended++);
  });
  const { groups, lines } = checked([target(`http://127.0.0.1:${portOf(server)}`)], {
    health_interval: 3000,
  });
  await vi.waitFor(() => expect(begun).toBe(1), { timeout: 10_000 });
  groups.close();
  await vi.waitFor(() => expect(ended).toBe(1), { timeout: 2500 });
  expect(lines).toEqual([]);
});

test('checks hold no process up', () => {
  const source = new URL('checks.probe.ts', import.meta.url).pathname;
  expect(execFileSync(process.execPath, [source], { encoding: 'utf8', timeout: 20_000 })).toBe('checked\n');
});
