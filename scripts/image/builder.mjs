// Builds docker/Dockerfile for one platform with what is there: docker's buildx, or buildah, which needs no engine.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';
import { whatever } from '../run.mjs';

/** This machine's platform, as docker calls it. */
export const thisPlatform = `linux/${{ x64: 'amd64' }[process.arch] ?? process.arch}`;

const works = async (...command) => (await $({ nothrow: true, quiet: true })`${command}`).exitCode === 0;

/** `docker` or `buildah`. Throws an Error that says how to get one. */
export async function findBuilder() {
  // A docker command without an engine is of no use, one without buildx neither.
  const docker = (await works('docker', 'info')) && (await works('docker', 'buildx', 'version'));
  if (docker && (await writesLayouts())) return 'docker';
  if (await works('buildah', '--version')) return 'buildah';
  if (docker)
    throw new Error(
      "docker's own driver writes no OCI layout here: `docker buildx create --use --driver docker-container` makes a builder that does, " +
        'or install buildah',
    );
  throw new Error(
    'an image needs docker with buildx, whose engine runs, or buildah: `apt-get install buildah`, or ' +
      'https://docs.docker.com/engine/install/',
  );
}

/** The driver «docker» does only where the engine keeps images in containerd's store; GitHub's runners may have the old one. */
async function writesLayouts() {
  const quiet = $({ nothrow: true, quiet: true });
  if (!/^Driver:\s+docker$/m.test((await quiet`docker buildx inspect`).stdout)) return true;
  const format = '{{.DriverStatus}}';
  return (await quiet`docker info --format ${format}`).stdout.includes('io.containerd.snapshotter');
}

/** What docker or podman is called here, if one runs: it keeps images and runs them. Else null. */
export async function findEngine() {
  for (const name of ['docker', 'podman']) if (await works(name, 'info')) return name;
  return null;
}

// Files have one time in each image, so that layers without changes are the same in the next release.
const SECONDS = '1';

/**
 * Gives the image's configuration, and its layers as paths of files, which may be compressed, in the folder `into`.
 * base: of the stage that builds, null for the Dockerfile's own.
 */
export const build = (builder, platform, context, base, into) =>
  (builder === 'docker' ? withDocker : withBuildah)(
    platform,
    context,
    base ? ['--build-arg', `BASE=${base}`] : [],
    into,
  );

async function withDocker(platform, context, base, into) {
  const time = ['--build-arg', `SOURCE_DATE_EPOCH=${SECONDS}`];
  const output = `type=oci,tar=false,rewrite-timestamp=true,dest=${into}`;
  const options = ['--platform', platform, '--provenance=false', '--sbom=false', '--output', output];
  await $({
    stdio: ['ignore', 'inherit', 'inherit'],
  })`docker buildx build ${options} ${time} ${base} ${context}`;
  const read = (descriptor) => JSON.parse(readFileSync(blob(descriptor), 'utf8'));
  const blob = ({ digest }) => join(into, 'blobs', digest.replace(':', '/'));
  const manifest = read(JSON.parse(readFileSync(join(into, 'index.json'), 'utf8')).manifests[0]);
  return { config: read(manifest.config), layers: manifest.layers.map(blob) };
}

const NO_BASE =
  'the base of the stage that builds has to be pulled: --base, or FLEXILIB_IMAGE_BASE, names it in a registry that is reached from ' +
  'here, and `npm run image:base -- DIR` makes one of Debian packages';

async function withBuildah(platform, context, base, into) {
  const store = mkdtempSync(join(tmpdir(), 'flexilib-buildah-'));
  const places = ['--root', join(store, 'root'), '--runroot', join(store, 'run')];
  const run = async (driver, ...args) =>
    $({
      env: { BUILDAH_ISOLATION: 'chroot', ...process.env, STORAGE_DRIVER: driver },
      quiet: true, // what failed is in the error
    })`buildah ${places} ${args}`;
  let driver = process.env.STORAGE_DRIVER ?? 'overlay';
  try {
    // In a container overlays often can't be mounted; copies always work, and take twice as long.
    await run(driver, 'info').catch(() => {
      driver = 'vfs';
    });
    const options = ['--platform', platform, '--timestamp', SECONDS, '--identity-label=false'];
    options.push('--build-arg', `BUILDPLATFORM=${thisPlatform}`); // buildah 1.28 says the target's
    // docker's format keeps HEALTHCHECK, which buildah drops from OCI's.
    options.push('--layers', '--format', 'docker', '--tag', 'flexilib');
    await run(driver, 'bud', ...options, ...base, '--file', join(context, 'Dockerfile'), context).catch(
      (error) => {
        const isPull = /initializing source docker:/.test(error.stderr);
        throw isPull ? new Error(`${error.stderr.trim()}\n${NO_BASE}`) : error;
      },
    );
    mkdirSync(into, { recursive: true });
    await run(driver, 'push', '--disable-compression', '--format', 'v2s2', 'flexilib', `dir:${into}`);
  } finally {
    const last = $({ ...whatever, env: { ...process.env, STORAGE_DRIVER: driver } });
    await last`buildah ${places} rm --all`; // after a signal it is still mounted
    await last`buildah ${places} rmi --all --force`;
    rmSync(store, { recursive: true, force: true });
  }
  const blob = ({ digest }) => join(into, digest.split(':')[1]);
  const manifest = JSON.parse(readFileSync(join(into, 'manifest.json'), 'utf8'));
  return {
    config: JSON.parse(readFileSync(blob(manifest.config), 'utf8')),
    layers: manifest.layers.map(blob),
  };
}
