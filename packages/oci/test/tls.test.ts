// Registries with TLS. To be on this machine and yet have TLS, they are called 0.0.0.0, which leads here and isn't loopback by name.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { lie, silenceAll } from './liar.ts';

const folder = mkdtempSync(join(tmpdir(), 'flexilib-oci-'));
const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
const servers = new Set<Server>();

beforeAll(() => {
  const request = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '1',
  ];
  const names = ['-subj', '/CN=test', '-addext', 'subjectAltName=IP:0.0.0.0'];
  execFileSync('openssl', [...request, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
});

afterEach(async () => {
  await silenceAll();
  for (const server of servers) server.close();
  servers.clear();
});

/** Gives its host and port. */
async function serveTls(answer: RequestListener): Promise<string> {
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, answer).listen(
    0,
    '127.0.0.1',
  );
  servers.add(server);
  await once(server, 'listening');
  return `0.0.0.0:${(server.address() as AddressInfo).port}`;
}

/** What the program that pulls says of the reference. */
async function pull(reference: string, env: NodeJS.ProcessEnv): Promise<{ error?: string }> {
  const program = join(import.meta.dirname, '../../../apps/server/src/pull.ts');
  const config = mkdtempSync(join(tmpdir(), 'flexilib-oci-'));
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, DOCKER_CONFIG: config, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(
    JSON.stringify({ cache: mkdtempSync(join(tmpdir(), 'flexilib-oci-')), references: [reference] }),
  );
  return JSON.parse(await text(child.stdout));
}

const trusting = () => ({ NODE_EXTRA_CA_CERTS: cert });

it('believes no certificate that it doesn’t know, and those that it is told of', async () => {
  const asked: string[] = [];
  const host = await serveTls((req, res) => {
    asked.push(req.url ?? '');
    res.writeHead(404).end();
  });
  expect((await pull(`${host}/a:1`, {})).error).toContain('NODE_EXTRA_CA_CERTS');
  expect(asked).toEqual([]);
  expect((await pull(`${host}/a:1`, trusting())).error).toContain('the registry has no such tag');
  expect(asked).toEqual(['/v2/a/manifests/1']);
});

it('follows no redirect to where there is no TLS', async () => {
  const other = await lie((_req, res) => res.end());
  const host = await serveTls((_req, res) => res.writeHead(307, { location: `http://${other.host}/` }).end());
  expect((await pull(`${host}/a:1`, trusting())).error).toContain(
    `redirects to where this client doesn't go`,
  );
  expect(other.asked).toEqual([]);
});

it('asks for no token where there is no TLS', async () => {
  const other = await lie((_req, res) => res.end('{"token":"x"}'));
  const challenge = `Bearer realm="http://${other.host}/token"`;
  const host = await serveTls((_req, res) => res.writeHead(401, { 'www-authenticate': challenge }).end());
  expect((await pull(`${host}/a:1`, trusting())).error).toContain('names no place with TLS');
  expect(other.asked).toEqual([]);
});

it('speaks no TLS only where the reference says so', async () => {
  const plain = await lie((_req, res) => res.writeHead(404).end());
  const host = plain.host.replace('127.0.0.1', '0.0.0.0');
  expect((await pull(`${host}/a:1`, {})).error).toContain('oci+http://');
  expect(plain.asked).toEqual([]);
  expect((await pull(`oci+http://${host}/a:1`, {})).error).toContain('the registry has no such tag');
});
