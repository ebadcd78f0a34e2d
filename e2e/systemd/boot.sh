#!/bin/sh
# systemd as the first process of namespaces of its own, over a view of this machine that takes every change into memory.
#   boot.sh WORK FILES    WORK: an empty folder; FILES: what is laid over the root; a unit test.target has to be in it
# /run is mounted as Debian does it, without execution. Ends with this process.
set -eu
work=$1 files=$2
if [ "${3-}" != inside ]; then
    group=$(cat "$work/group")
    mkdir "$group"
    echo $$ >"$group/cgroup.procs"
    exec unshare --pid --fork --kill-child --mount --uts --ipc --net --cgroup --propagation private \
        sh "$0" "$work" "$files" inside
fi
mount -t tmpfs tmpfs "$work"
mkdir "$work/upper" "$work/work" "$work/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" "$work/root"
root=$work/root
cp -a "$files/." "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
    mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
    mkdir "$root/sys/fs/cgroup/systemd"
    mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
fi
mount -t tmpfs -o mode=755,nosuid,nodev,noexec tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
ip link set lo up
mkdir "$root/old"
cd "$root"
# Credentials are mounted in a namespace of a helper's, from where they have to be seen: hence shared, below.
# Not chroot(2) alone: in one, no user namespace could be made, which PrivateUsers= needs.
pivot_root . old
exec env -i container=flexilib PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    sh -c 'umount -l /old; mount --make-rshared /; exec /lib/systemd/systemd --unit=test.target'
