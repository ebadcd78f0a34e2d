// koffi's native half alone, for the bundle: the other half looks at every property of node:util, and Node then loads
// streams, worker threads and more, which takes 1.2 MB.
const { readFileSync } = require('node:fs');
const { platform, arch } = process;
const native = `@koromix/koffi-${platform}-${arch}`;
try {
  // musl would open what was built for glibc, and crash in it.
  const musl = /\/ld-musl-/.test(readFileSync('/proc/self/maps', 'latin1'));
  const path = `${native}/${musl ? 'musl' : platform}_${arch}/koffi.node`;
  module.exports = require(require.resolve(path, { paths: [require.resolve('koffi')] }));
} catch {
  module.exports = loadWhole();
}

/** It also looks for what was built on this machine. */
function loadWhole() {
  try {
    return require('koffi');
  } catch (error) {
    console.error(
      `error: the package ${native} can't be loaded, by which the server calls native code: ${error.message}. Usual ` +
        'causes: an install with --omit=optional or --no-optional; a node_modules that was made on another platform. ' +
        'Install again here, with optional dependencies',
    );
    process.exit(1);
  }
}
