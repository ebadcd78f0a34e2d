#!/usr/bin/env node
// `npm run image:compare`: the image of dist-image/ beside what else it could be, each with the same server, configuration and library. The
// others are stand-ins, made of Debian's packages here; as root, with mmdebstrap and runc. It prints a table for docs/performance.md.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { $ } from 'zx';
import { thisPlatform } from './builder.mjs';
import { stageContext } from './context.mjs';
import { measure } from './measure.mjs';
import { readLayout, unpack } from './read.mjs';

const root = join(import.meta.dirname, '../..');
const rounds = 3;
const work = mkdtempSync(join(tmpdir(), 'flexilib-compare-'));
$.quiet = true;

try {
  const image = readLayout(join(root, 'dist-image')).images[thisPlatform];
  const places = await lay(image);
  const library = join(work, 'executors/lib.so');
  mkdirSync(dirname(library));
  const flags = ['-shared', '-fPIC', '-O2', '-s', `-I${join(root, 'packages/abi-headers/include')}`];
  await $`zig cc ${flags} ${join(root, 'examples/hello-c/src/main.c')} -o ${library}`;
  writeFileSync(join(work, 'proxy.ini'), '/ = /executors/lib.so\n');
  const mounts = [
    [dirname(library), '/executors'],
    [join(work, 'proxy.ini'), '/etc/flexilib/proxy.ini'],
  ];
  const rows = new Map(Object.keys(places).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, { bundle }] of Object.entries(places)) {
      if (!bundle) continue;
      console.error(`round ${round + 1} of ${rounds}: ${name}`);
      rows.get(name).push(await measure(bundle, image.config.config, mounts));
    }
  }
  console.log('|  | packed, MB | unpacked, MB | first answer, ms | private, MiB | PSS, MiB |');
  console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
  for (const [name, { packed, unpacked }] of Object.entries(places)) {
    const of = (key) => rows.get(name).map((one) => one[key]);
    const times = ['start', 'dirty', 'pss'].map((key) =>
      of(key).length > 0 ? median(of(key)).toFixed(1) : '–',
    );
    console.log(`| ${[name, packed.toFixed(1), unpacked.toFixed(1), ...times].join(' | ')} |`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** Gives their sizes by name, and where there is a server in it, the folder of a runc bundle. */
async function lay(image) {
  const context = join(work, 'context');
  await stageContext([thisPlatform], context, true);
  const staged = join(context, thisPlatform.split('/')[1]);
  const node = join(dirname(process.execPath), 'node'); // as npm has it, with its symbols
  const withServer = (place) => {
    mkdirSync(join(place, 'usr/local/bin'), { recursive: true });
    cpSync(node, join(place, 'usr/local/bin/node'));
    for (const path of ['run/flexilib', 'var/cache/flexilib', 'executors', 'etc/flexilib'])
      mkdirSync(join(place, path), { recursive: true });
    writeFileSync(join(place, 'etc/flexilib/proxy.ini'), '');
    cpSync(join(staged, 'flexilib'), join(place, 'opt/flexilib'), { recursive: true });
  };
  const at = (name) => join(work, name, 'rootfs');
  await unpack(image.layers, at('ours'));
  await $`mmdebstrap --variant=minbase --format=tar trixie ${join(work, 'slim.tar')}`;
  mkdirSync(at('slim'), { recursive: true });
  await $`tar -xf ${join(work, 'slim.tar')} --numeric-owner -C ${at('slim')}`;
  const minbase = await sizeOf(at('slim'));
  withServer(at('slim'));
  mkdirSync(at('distroless'), { recursive: true });
  for (const path of (await $`ls ${join(staged, 'debs')}`).lines())
    await $`dpkg-deb --extract ${join(staged, 'debs', path)} ${at('distroless')}`;
  withServer(at('distroless'));
  return {
    'the image': { ...(await sizeOf(at('ours'))), bundle: join(work, 'ours') },
    'the bundle on a stand-in of distroless, whole packages': {
      ...(await sizeOf(at('distroless'))),
      bundle: join(work, 'distroless'),
    },
    'the bundle on a stand-in of node:24-slim': { ...(await sizeOf(at('slim'))), bundle: join(work, 'slim') },
    'Debian’s minbase alone, a stand-in of the original’s base': minbase,
  };
}

/** In MB: of its files, and as one .tar.gz. */
async function sizeOf(place) {
  const unpacked = Number((await $`tar -cf - -C ${place} . | wc -c`).stdout) / 1e6;
  const packed = Number((await $`tar -cf - -C ${place} . | gzip -n | wc -c`).stdout) / 1e6;
  return { unpacked, packed };
}

function median(numbers) {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1];
}
