// The runtime configuration (OCI runtime-spec) of a container of ours: no capabilities, a root that can't be written to, its own
// processes and mounts, the machine's network.

/** image: the OCI configuration's `config`. mounts: [from, to], read only. */
export function runcConfig(image, mounts, port) {
  const [uid, gid] = image.User.split(':').map(Number);
  const tmpfs = (destination, ...options) => ({
    destination,
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'nodev', ...options],
  });
  const bind = (source, destination) => ({
    destination,
    type: 'bind',
    source,
    options: ['bind', 'ro', 'nosuid', 'nodev'],
  });
  const own = [`uid=${uid}`, `gid=${gid}`, 'mode=0700'];
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid, gid },
      args: [...image.Entrypoint, ...image.Cmd],
      env: [...image.Env, `PORT=${port}`],
      cwd: '/',
      capabilities: {},
      noNewPrivileges: true,
    },
    root: { path: 'rootfs', readonly: true },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755'] },
      tmpfs('/tmp', 'mode=1777'),
      tmpfs('/run/flexilib', ...own),
      tmpfs('/var/cache/flexilib', ...own),
      bind('/etc/resolv.conf', '/etc/resolv.conf'),
      bind('/etc/hosts', '/etc/hosts'),
      ...mounts.map(([from, to]) => bind(from, to)),
    ],
    linux: {
      namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/proc/sys'],
    },
  };
}
