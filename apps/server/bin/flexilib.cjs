#!/usr/bin/env node
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 16)) {
  console.error(`error: flexilib needs Node 20.16 or newer, this is ${process.versions.node}`);
  process.exit(1);
}
if (process.platform !== 'linux') {
  console.error(`error: flexilib runs on Linux only, this is ${process.platform}`);
  process.exit(1);
}
try {
  require.resolve('../dist/flexilib.cjs');
} catch {
  console.error('error: flexilib is not built; run `npm run build` first');
  process.exit(1);
}
if (['dev', 'build', 'test', 'invoke', 'inspect'].includes(process.argv[2])) {
  require('../dist/sdk.cjs');
} else if (['sign', 'verify', 'push'].includes(process.argv[2])) {
  require('../dist/supply.cjs');
} else {
  // A request leaves some 200 bytes to the garbage collector: a small nursery is enough, and spares idle memory.
  const { setFlagsFromString } = require('node:v8');
  for (const flag of ['--max-semi-space-size=1', '--semi-space-growth-factor=1']) setFlagsFromString(flag);
  require('../dist/flexilib.cjs');
}
