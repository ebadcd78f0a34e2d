#!/usr/bin/env node
// `npm run image`: the image of the server as an OCI layout in dist-image/, an index of all its platforms, and its SBOMs.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { $ } from 'zx';
import { build, findBuilder, findEngine, thisPlatform } from './image/builder.mjs';
import { platforms, stageContext } from './image/context.mjs';
import { writeLayout } from './image/layout.mjs';
import { loadInto } from './image/load.mjs';
import { readLayout } from './image/read.mjs';
import { writeSboms } from './image/sbom.mjs';
import { describe } from './image/version.mjs';
import { run } from './run.mjs';

const help = `npm run image -- [OPTIONS]
  --platform LIST   linux/amd64, linux/arm64 or both, with a comma; this machine's
  --tag NAME:TAG    flexilib:SHORTSHA
  --output DIR      where the layout and the SBOMs go; dist-image
  --locked          fail when a package of docker/debian.lock isn't to be had, rather than take a newer one
  --base IMAGE      of the stage that builds; nothing of it stays. oci:DIR:TAG for one that \`npm run image:base\` made.
                    Also FLEXILIB_IMAGE_BASE`;

const root = join(import.meta.dirname, '..');
const { env } = process;
$.cwd = root;

await run(main);

async function main() {
  const { values } = parseArgs({
    options: {
      platform: { type: 'string', default: thisPlatform },
      tag: { type: 'string' },
      output: { type: 'string', default: join(root, 'dist-image') },
      locked: { type: 'boolean', default: false },
      base: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(help);
  const asked = values.platform.split(',');
  const unknown = asked.find((name) => !(name in platforms));
  if (unknown)
    throw new Error(`there is no image for ${unknown}, only for ${Object.keys(platforms).join(', ')}`);
  const names = Object.keys(platforms).filter((name) => asked.includes(name)); // one order, one digest

  // It is emptied. What is in it must be of this script's making.
  const { output } = values;
  if (existsSync(output) && readdirSync(output).length > 0 && !existsSync(join(output, 'oci-layout')))
    throw new Error(
      `${output} has files, and is no OCI layout: --output names an empty folder, or a new one`,
    );

  const base = values.base ?? env.FLEXILIB_IMAGE_BASE;
  const builder = await findBuilder();
  const { labels, created, short } = await describe();
  const tag = values.tag ?? `flexilib:${short}`;
  const work = mkdtempSync(join(tmpdir(), 'flexilib-image-'));
  try {
    const context = join(work, 'context');
    const parts = await stageContext(names, context, values.locked);
    const images = [];
    for (const platform of names) {
      console.error(`${platform}: docker/Dockerfile, with ${builder}`);
      const into = join(work, platform.replace('/', '-'));
      images.push({ platform, ...(await build(builder, platform, context, base, into)) });
    }
    rmSync(output, { recursive: true, force: true });
    const layout = await writeLayout(output, images, { labels, created, name: tag.split(':').at(-1) });
    for (const { platform, manifest, layers } of layout.images) {
      const size = layers.reduce((sum, layer) => sum + layer.size, 0);
      console.log(
        `${platform}: ${(size / 1e6).toFixed(1)} MB in ${layers.length} layers, ${manifest.digest}`,
      );
    }
    const count = writeSboms(output, parts, layout.index.digest, labels);
    console.log(`sbom.cdx.json, sbom.spdx.json: ${count} packages`);
    const engine = await findEngine();
    const mine = readLayout(output).images[thisPlatform];
    if (engine && mine) await loadInto(engine, mine, tag);
    console.log(`${tag}: ${layout.index.digest}, in ${output}${engine && mine ? `, and in ${engine}` : ''}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
