/** Checks a server of its own once and ends, though another check would follow in an hour. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGroups } from '../src/index.ts';
import { specOf, target } from './spec.ts';

const server = createServer((_, res) => {
  res.end();
  console.log('checked');
  server.close();
});
server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const spec = specOf([target(url)], { health_path: '/', health_interval: 10_000 });
  createGroups({ onState: console.log }).group(spec);
});
