// koffi's native half alone, for the bundle: the other half looks at every property of node:util, and Node then loads
// streams, worker threads and more, which takes 1.2 MB.
const { readFileSync } = require('node:fs');
const { platform, arch } = process;
try {
  // musl would open what was built for glibc, and crash in it.
  const musl = /\/ld-musl-/.test(readFileSync('/proc/self/maps', 'latin1'));
  const name = `@koromix/koffi-${platform}-${arch}/${musl ? 'musl' : platform}_${arch}/koffi.node`;
  module.exports = require(require.resolve(name, { paths: [require.resolve('koffi')] }));
} catch {
  module.exports = require('koffi'); // built in another place
}
