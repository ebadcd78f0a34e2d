// A registry for packages that aren't published yet: verdaccio, with ours in it, and all others from the registry that
// npm uses here. It is a project of its own (../registry), so that `npm ci` stays as quick for who wants none.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { machinePlaces } from './programs.ts';
import { freePort } from './server.ts';

const project = join(import.meta.dirname, '../registry');
const tarballs = join(import.meta.dirname, '../../dist-npm/*.tgz'); // turbo's task //#pack

export interface Registry {
  readonly url: string;
  /** For npm: makes it use this registry, and a cache of its own, as what is in ours changes under the same version. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Starts it on a free port, in a temporary folder, and publishes all packages to it. */
export async function startRegistry(): Promise<Registry> {
  install();
  const folder = mkdtempSync(join(tmpdir(), 'flexilib-registry-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const config = join(folder, 'config.yaml'); // JSON is YAML
  const { registry, cafile } = npmConfig();
  writeFileSync(config, JSON.stringify(settings(folder, registry)));
  const child = spawn(process.execPath, [verdaccio(), '--config', config, '--listen', `127.0.0.1:${port}`], {
    env: { ...process.env, NODE_NO_WARNINGS: '1', ...(cafile && { NODE_EXTRA_CA_CERTS: cafile }) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const gone = once(child, 'close');
  const env = {
    npm_config_registry: url,
    npm_config_cache: join(folder, 'cache'),
    [`npm_config_//127.0.0.1:${port}/:_authToken`]: 'anyone',
    // What would be asked of the registry behind it.
    npm_config_audit: 'false',
    npm_config_update_notifier: 'false',
  };
  const close = async () => {
    child.kill();
    await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await answers(url, gone);
    await publish(env);
  } catch (error) {
    await close();
    throw error;
  }
  return { url, env, close };
}

function settings(folder: string, registry: string): object {
  const anyone = { access: '$all', publish: '$all' };
  const storage = join(folder, 'storage');
  mkdirSync(storage);
  return {
    storage,
    uplinks: { npm: { url: registry, timeout: '60s' } },
    packages: {
      // Ours are never looked for elsewhere.
      '@flexilib/*': anyone,
      flexilib: anyone,
      'create-flexilib-executor': anyone,
      '**': { ...anyone, proxy: 'npm' },
    },
    max_body_size: '100mb',
    log: { type: 'stdout', level: 'error' },
    web: { enable: false },
  };
}

/** For the machine's own npm, as its user has configured it, and not for the one that runs the tests. */
function machine(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  return { ...Object.fromEntries(own), PATH: machinePlaces().join(delimiter) };
}

/** The registry that npm uses here, and whom it trusts. */
function npmConfig(): { registry: string; cafile: string | null } {
  const options = { cwd: project, encoding: 'utf8', env: machine() } as const; // in a workspace npm refuses
  return JSON.parse(execFileSync('npm', ['config', 'list', '--json', '--long'], options));
}

function install(): void {
  if (existsSync(join(project, 'node_modules/verdaccio'))) return;
  execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: project, stdio: 'inherit', env: machine() });
}

function verdaccio(): string {
  const require = createRequire(join(project, 'package.json'));
  return join(require.resolve('verdaccio/package.json'), '../bin/verdaccio');
}

async function answers(url: string, gone: Promise<unknown>): Promise<void> {
  let ended = false;
  gone.then(() => {
    ended = true;
  });
  while (!(await fetch(`${url}-/ping`).catch(() => null))?.ok) {
    if (ended) throw new Error('verdaccio has ended; its message is above');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function publish(env: Record<string, string>): Promise<void> {
  const found = globSync(tarballs);
  if (found.length === 0) throw new Error('nothing is packed; `npx turbo run //#pack` does it');
  const options = { env: { ...machine(), ...env } };
  for (const tarball of found) {
    await promisify(execFile)('npm', ['publish', '--ignore-scripts', tarball], options);
  }
}
