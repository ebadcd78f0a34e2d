// Upstreams behind TLS and Unix sockets, and what the route says of names and addresses.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createPlain, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, open } from '../client.ts';
import type { StartServer } from './served.ts';
import { useProxy, valuesOf } from './use-proxy.ts';
import { head } from './use-server.ts';

const get = head('GET', '/x');
const chunked = `${head('POST', '/x', 'Transfer-Encoding: chunked')}2\r\nhi\r\n0\r\n\r\n`;

export function proxyTransports(start: StartServer): void {
  describe('TLS', () => {
    let folder: string;
    let server: Server;
    const seen: { name: string | false | null; certified: boolean; host: string | undefined }[] = [];
    const file = (name: string) => join(folder, name);

    /** A certificate that has signed itself. */
    function certify(name: string, subjectAltName: string): void {
      const kind = [
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ];
      const files = ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)];
      const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${subjectAltName}`];
      execFileSync('openssl', ['req', ...kind, ...files, ...subject], { stdio: 'pipe' });
    }

    const listener = (req: IncomingMessage, answer: (body: string) => void): void => {
      const socket = req.socket as TLSSocket & { servername?: string | false };
      seen.push({ name: socket.servername ?? null, certified: socket.authorized, host: req.headers.host });
      let body = '';
      req.on('data', (piece) => (body += piece)).on('end', () => answer(`${req.method} ${body}`));
    };

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'proxy-tls-'));
      certify('a.example', 'DNS:a.example,DNS:localhost,IP:127.0.0.1');
      certify('client', 'DNS:client');
      server = createServer(
        {
          key: readFileSync(file('a.example.key')),
          cert: readFileSync(file('a.example.pem')),
          ca: readFileSync(file('client.pem')),
          requestCert: true,
          rejectUnauthorized: false,
        },
        (req, res) => listener(req, (body) => res.end(body)),
      );
      server.on('upgrade', (_req, socket) => {
        socket.write('HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
        socket.on('error', () => {}).pipe(socket);
      });
      await new Promise<void>((resolve) => server.listen(0, resolve));
    });
    afterAll(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    });

    /** What the requests get from an upstream with this host. */
    async function through(host: string, options: string[], requests = [get, chunked]) {
      seen.length = 0;
      const { port } = server.address() as AddressInfo;
      const routes = `/ = https://${host}:${port}\n[/]\nretries = 0\neject_after = 1000\n${options.join('\n')}\n`;
      const served = await start({ routes });
      const answers: [status: number, body: string][] = [];
      for (const request of requests) {
        const { status, body } = await (await open(served.port)).send(request).message();
        answers.push([status, body.toString()]);
      }
      await served.close(0);
      return { answers, faults: served.faults };
    }
    const fine = [
      [200, 'GET '],
      [200, 'POST hi'],
    ];
    const bad = [
      [502, 'Bad Gateway\n'],
      [502, 'Bad Gateway\n'],
    ];

    it('is checked, and asks for the name', async () => {
      const { answers, faults } = await through('localhost', [`tls_ca = ${file('a.example.pem')}`]);
      expect([answers, faults]).toEqual([fine, []]);
      expect(seen[0]).toEqual({ name: 'localhost', certified: false, host: 'a' });
    });

    it('is checked against an address where there is no name', async () => {
      const { answers } = await through('127.0.0.1', [`tls_ca = ${file('a.example.pem')}`]);
      expect(answers).toEqual(fine);
      expect(seen[0].name).toBe(false);
    });

    it('has another name when the route says so', async () => {
      const options = [`tls_ca = ${file('a.example.pem')}`, 'tls_name = a.example', 'host = upstream'];
      const { answers } = await through('127.0.0.1', options);
      expect(answers).toEqual(fine);
      expect(seen[0].name).toBe('a.example');
      expect(seen[0].host).toMatch(/^127\.0\.0\.1:\d+$/);
    });

    it('shows a certificate', async () => {
      const options = [
        'tls_verify = false',
        `tls_certificate = ${file('client.pem')}`,
        `tls_key = ${file('client.key')}`,
      ];
      const { answers } = await through('localhost', options);
      expect(answers).toEqual(fine);
      expect(seen[0].certified).toBe(true);
    });

    it.each([
      ['nobody believes', () => [], /self-signed certificate/],
      ['has another name', () => [`tls_ca = ${file('a.example.pem')}`, 'tls_name = b.example'], /b\.example/],
    ])('with a certificate that %s makes a 502', async (_what, options, why) => {
      const { answers, faults } = await through('localhost', options());
      expect(answers).toEqual(bad);
      expect(faults.join()).toMatch(why);
      expect(seen).toEqual([]);
    });

    it.each([
      ['isn’t there', () => file('none.pem'), /tls_ca.*none\.pem/],
      [
        'is none',
        () => {
          writeFileSync(file('bad.pem'), 'no PEM');
          return file('bad.pem');
        },
        /./,
      ],
    ])('with a file that %s makes a 502, and a line that says so', async (_what, path, why) => {
      const { answers, faults } = await through('localhost', [`tls_ca = ${path()}`]);
      expect(answers).toEqual(bad);
      expect(faults.join()).toMatch(why);
    });

    it('with a file that isn’t there is asked once, and is not to blame', async () => {
      const { port } = server.address() as AddressInfo;
      const options = `tls_ca = ${file('none.pem')}\nretries = 2\neject_after = 1`;
      const served = await start({ routes: `/ = https://localhost:${port}\n[/]\n${options}\n` });
      for (let i = 0; i < 2; i++) {
        const answers = await Promise.all([get, chunked].map((request) => ask(served.port, request)));
        expect(answers.map(({ status }) => status)).toEqual([502, 502]);
      }
      expect(served.faults.map((fault) => /none\.pem/.test(fault))).toEqual([true, true, true, true]);
      await served.close(0);
    });

    it('carries other protocols', async () => {
      const { port } = server.address() as AddressInfo;
      const served = await start({ routes: `/ = https://localhost:${port}\n[/]\ntls_verify = false\n` });
      const client = await open(served.port);
      await client.send(head('GET', '/', 'Connection: upgrade', 'Upgrade: x')).interim();
      expect(await client.send('hello').bytes(5)).toBe('hello');
      client.half();
      expect(await client.closed()).toBe('');
      await served.close(0);
    });
  });

  describe('a Unix socket', () => {
    it('is an upstream', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'proxy-unix-'));
      const path = join(folder, 'app.sock');
      const hosts: (string | undefined)[] = [];
      const listener: RequestListener = (req, res) => {
        hosts.push(req.headers.host);
        req.pipe(res);
      };
      const upstream = createPlain(listener);
      await new Promise<void>((resolve) => upstream.listen(path, resolve));
      const served = await start({ routes: `/ = unix:${path}\n[/]\nretries = 0\neject_after = 1000\n` });
      const client = await open(served.port);
      for (const body of ['', 'hi', '']) {
        const answer = await client.send(body === '' ? get : chunked).message();
        expect([answer.status, answer.body.toString()]).toEqual([200, body]);
      }
      expect(hosts).toEqual(['a', 'a', 'a']);
      upstream.closeAllConnections();
      await new Promise((resolve) => upstream.close(resolve));
      for (const request of [get, chunked]) expect((await ask(served.port, request)).status).toBe(502);
      expect(served.faults.join()).toContain(path);
      await served.close(0);
      rmSync(folder, { recursive: true });
    });
  });

  describe('who asks', () => {
    const fields = ['X-Forwarded-For: 10.0.0.1', 'X-Forwarded-Proto: https', 'Forwarded: for=10.0.0.1'];
    const requests = [
      head('GET', '/', ...fields),
      `${head('POST', '/', 'Transfer-Encoding: chunked', ...fields)}0\r\n\r\n`,
    ];

    describe('isn’t believed', () => {
      const proxy = useProxy(start);
      it('by itself', async () => {
        for (const request of requests) await ask(proxy.server.port, request);
        for (const asked of proxy.upstream.requests) {
          expect(valuesOf(asked, 'x-forwarded-for')).toEqual(['127.0.0.1']);
          expect(valuesOf(asked, 'x-forwarded-proto')).toEqual(['http']);
          expect(valuesOf(asked, 'forwarded')).toEqual(['for=127.0.0.1;host="a";proto=http']);
        }
      });
    });

    describe('is believed', () => {
      const proxy = useProxy(start, { trusted: ['127.0.0.0/8'] });
      it('when it is a proxy that is trusted', async () => {
        for (const request of requests) await ask(proxy.server.port, request);
        for (const asked of proxy.upstream.requests) {
          expect(valuesOf(asked, 'x-forwarded-for')).toEqual(['10.0.0.1, 127.0.0.1']);
          expect(valuesOf(asked, 'x-forwarded-proto')).toEqual(['https']);
          expect(valuesOf(asked, 'forwarded')[0]).toContain('for=10.0.0.1, for=127.0.0.1');
        }
      });
    });
  });

  describe('what the route says', () => {
    const options = [
      'host = upstream',
      'add_prefix = /app',
      'set_request_header = X-Key: 1',
      'remove_request_header = X-Secret',
      'set_response_header = X-Served: yes',
      'remove_response_header = Server',
    ];
    const proxy = useProxy(start, { options });

    it.each([
      ['GET', head('GET', '/x?y', 'X-Secret: 1', 'X-Key: 2')],
      [
        'POST in chunks',
        `${head('POST', '/x?y', 'Transfer-Encoding: chunked', 'X-Secret: 1', 'x-key: 2')}0\r\n\r\n`,
      ],
    ])('is done to a %s', async (_way, request) => {
      const { server, upstream } = proxy;
      upstream.onRequest = (socket) =>
        void socket.write('HTTP/1.1 200 OK\r\nServer: x\r\nX-Served: no\r\nContent-Length: 0\r\n\r\n');
      const answer = await (await open(server.port)).send(request).message();
      const served = answer.fields.filter(([name]) => /^(?:server|x-served)$/i.test(name));
      expect(served).toEqual([['X-Served', 'yes']]);
      const [asked] = upstream.requests;
      expect(asked.target).toBe('/app/x?y');
      expect(valuesOf(asked, 'host')).toEqual([`127.0.0.1:${upstream.port}`]);
      expect([valuesOf(asked, 'x-key'), valuesOf(asked, 'x-secret')]).toEqual([['1'], []]);
    });
  });
}
