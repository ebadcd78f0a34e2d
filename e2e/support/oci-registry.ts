// A registry on loopback: Debian's docker-registry (distribution 2.8), which has no referrers API.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createSign } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, temporaryFolder } from './server.ts';

export const USER = 'robot';
export const PASSWORD = 'correct horse';
const HASH = '$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2';

export interface OciRegistry {
  /** «127.0.0.1:PORT» */
  readonly host: string;
  /** What it was asked, a line each: «HEAD /v2/acme/api/manifests/1 200». */
  asked(): string[];
  /** As by a crash. What it holds stays. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export const hasDockerRegistry: boolean = isThere('docker-registry', '--version');

export function isThere(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    console.warn(`skipped: ${program} is not installed`);
    return false;
  }
}

const running = new Set<ChildProcess>();
const tokenServers = new Set<Server>();

/** auth: whom it lets in. basic: USER with PASSWORD. token: who has a token of a server that gives it to them. */
export async function startOciRegistry(auth: 'nobody' | 'basic' | 'token' = 'nobody'): Promise<OciRegistry> {
  const folder = temporaryFolder();
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const config = join(folder, 'config.yml');
  let text = `version: 0.1
log: {level: info, formatter: json, accesslog: {disabled: false}}
storage: {filesystem: {rootdirectory: ${join(folder, 'data')}}, delete: {enabled: true}}
http: {addr: "${host}"}
`;
  if (auth === 'basic') {
    writeFileSync(join(folder, 'htpasswd'), `${USER}:${HASH}\n`);
    text += `auth: {htpasswd: {realm: test, path: ${join(folder, 'htpasswd')}}}\n`;
  }
  if (auth === 'token') {
    const realm = await startTokenServer(folder);
    text += `auth: {token: {realm: "${realm}", service: test, issuer: test, rootcertbundle: ${join(folder, 'cert.pem')}}}\n`;
  }
  writeFileSync(config, text);
  let child: ChildProcess | null = null;
  let out = '';

  async function start(): Promise<void> {
    child = await startProgram('docker-registry', ['serve', config], host, (data) => {
      out += data;
    });
  }

  await start();
  return {
    host,
    asked: () =>
      [...out.matchAll(/"(GET|HEAD|PUT|POST|PATCH) (\S+) HTTP\/1\.1" (\d+)/g)].map((match) =>
        match.slice(1).join(' '),
      ),
    async kill() {
      if (child) await end(child);
    },
    start,
  };
}

/** go-containerregistry's, in memory, which has the referrers API (goTool('oci-registry')). Gives its host and port. */
export async function startReferrersRegistry(program: string): Promise<string> {
  const host = `127.0.0.1:${await freePort()}`;
  await startProgram(program, [host], host, () => {});
  return host;
}

/** Settles when it answers. */
async function startProgram(
  program: string,
  args: string[],
  host: string,
  onOutput: (text: string) => void,
): Promise<ChildProcess> {
  const started = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(started);
  started.stdout.on('data', onOutput);
  started.stderr.resume();
  for (let answered = false; !answered; await sleep(20)) {
    if (started.exitCode !== null) throw new Error(`${program} ended: ${started.exitCode}`);
    answered = await fetch(`http://${host}/v2/`).then(
      () => true,
      () => false,
    );
  }
  return started;
}

async function end(child: ChildProcess): Promise<void> {
  running.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

export async function stopRegistries(): Promise<void> {
  await Promise.all([...running].map(end));
  for (const server of tokenServers) {
    tokenServers.delete(server);
    server.closeAllConnections();
    server.close();
  }
}

/** A stand-in for who gives tokens at a real registry: whatever is asked for, to who has the password. */
async function startTokenServer(folder: string): Promise<string> {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=test'];
  execFileSync('openssl', [...request, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const x5c = [readFileSync(cert, 'utf8').replace(/-----[^-]+-----|\n/g, '')];
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const server = createServer((req, res) => {
    const expected = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
    if (req.headers.authorization !== expected) {
      res.writeHead(401).end('{"details":"incorrect username or password"}');
      return;
    }
    const access = new URL(req.url ?? '', 'http://test').searchParams.getAll('scope').map((scope) => {
      const [type, name, actions] = scope.split(':');
      return { type, name, actions: actions.split(',') };
    });
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: 'test',
      sub: USER,
      aud: 'test',
      exp: now + 60,
      nbf: now - 10,
      iat: now,
      jti: 'x',
      access,
    };
    const head = `${part({ typ: 'JWT', alg: 'RS256', x5c })}.${part(claims)}`;
    const signature = createSign('RSA-SHA256').update(head).sign(readFileSync(key), 'base64url');
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ token: `${head}.${signature}` }));
  }).listen(0, '127.0.0.1');
  tokenServers.add(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
}

/** A folder for DOCKER_CONFIG, with credentials for the registry. */
export function dockerConfig(host: string, password: string = PASSWORD): string {
  const folder = temporaryFolder();
  const auth = Buffer.from(`${USER}:${password}`).toString('base64');
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }));
  return folder;
}
