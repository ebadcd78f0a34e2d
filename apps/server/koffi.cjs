// koffi's native half alone, for the bundle: the other half looks at every property of node:util, and Node then loads
// streams, worker threads and more, which takes 1.2 MB.
const { platform, arch } = process;
try {
  const name = `@koromix/koffi-${platform}-${arch}/${platform}_${arch}/koffi.node`;
  module.exports = require(require.resolve(name, { paths: [require.resolve('koffi')] }));
} catch {
  module.exports = require('koffi'); // built for another libc, or in another place
}
