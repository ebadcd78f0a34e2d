// The platforms that the native parts are built for. Each is a package on npm: @flexilib/native-NAME.
const { platform, arch, report } = process;

export const targets = {
  'linux-x64-gnu': { cpu: 'x64', machine: 'x86_64', libc: 'gnu' },
  'linux-x64-musl': { cpu: 'x64', machine: 'x86_64', libc: 'musl' },
  'linux-arm64-gnu': { cpu: 'arm64', machine: 'aarch64', libc: 'gnu' },
  'linux-arm64-musl': { cpu: 'arm64', machine: 'aarch64', libc: 'musl' },
};

/** What each of them holds. */
export const files = [
  'libflexilib_runtime.so',
  'flexilib-supervisor',
  'flexilib-health',
  'flexilib-probe',
  'flexilib-symbolize',
];

/** This machine's. */
export const here = `${platform}-${arch}-${report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl'}`;
