// koffi's native half alone, for the bundle: the other half looks at every property of node:util, and Node then loads
// streams, worker threads and more, which takes 1.2 MB.
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { platform, arch } = process;
const native = `@koromix/koffi-${platform}-${arch}`;
/** What is to run without node_modules has it beside it (scripts/bundle.mjs). */
const beside = join(__dirname, 'koffi.node');
module.exports = existsSync(beside) ? loadBeside() : loadInstalled();

function loadBeside() {
  try {
    return require(beside);
  } catch (error) {
    return fail(
      `${beside} can't be loaded, by which the server calls native code: ${error.message}. It was made for one ` +
        'platform, which is in the name of the bundle: take the one for this machine and its C library',
    );
  }
}

function loadInstalled() {
  try {
    // musl would open what was built for glibc, and crash in it.
    const musl = /\/ld-musl-/.test(readFileSync('/proc/self/maps', 'latin1'));
    const path = `${native}/${musl ? 'musl' : platform}_${arch}/koffi.node`;
    return require(require.resolve(path, { paths: [require.resolve('koffi')] }));
  } catch {
    return loadWhole();
  }
}

/** It also looks for what was built on this machine. */
function loadWhole() {
  try {
    return require('koffi');
  } catch (error) {
    return fail(
      `the package ${native} can't be loaded, by which the server calls native code: ${error.message}. Usual ` +
        'causes: an install with --omit=optional or --no-optional; a node_modules that was made on another platform. ' +
        'Install again here, with optional dependencies',
    );
  }
}

function fail(text) {
  console.error(`error: ${text}`);
  process.exit(1);
}
