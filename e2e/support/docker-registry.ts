// The registry that Docker gave away, as Debian has it: no list of referrers, so clients keep it under a tag.
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answers, end } from './log.ts';
import { machinePlaces } from './programs.ts';
import { freePort, temporaryFolder } from './server.ts';

export interface ImageRegistry {
  /** 127.0.0.1:PORT, as names of images begin. */
  readonly host: string;
  close(): Promise<void>;
}

export const hasProgram = (name: string): boolean =>
  machinePlaces().some((place) => existsSync(join(place, name)));

export async function startDockerRegistry(): Promise<ImageRegistry> {
  const folder = temporaryFolder();
  const host = `127.0.0.1:${await freePort()}`;
  const config = join(folder, 'config.yml'); // JSON is YAML
  const storage = { filesystem: { rootdirectory: join(folder, 'registry') } };
  writeFileSync(
    config,
    JSON.stringify({ version: 0.1, storage, http: { addr: host }, log: { level: 'error' } }),
  );
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  await answers(`http://${host}/v2/`, child);
  return { host, close: () => end(child) };
}
