#!/bin/sh
# Lays out the image's root, of what is in CONTEXT: debs/*.deb, node/, flexilib/. One folder a layer.
#   sh root.sh CONTEXT INTO
set -eu
umask 022
context=$1
into=$2
here=$(dirname "$0")
debian=$into/debian
mkdir -p "$debian" "$into/node/usr/local" "$into/flexilib/opt"

# Of the packages: C and C++ libraries, certificates, time zones, names of services, who it is, and licences.
# Left out: what debugs, gconv (iconv(3) knows Unicode and ASCII without it), and every program.
kept() {
    case $1 in
    */libc_malloc_debug.so* | */libmemusage.so | */libpcprofile.so | */libthread_db.so* | */libnss_hesiod.so*) false ;;
    */gconv/* | */gdb/* | */examples/*) false ;;
    bin | lib | lib64 | sbin | usr/lib/*.so | usr/lib/*.so.* | usr/lib64/* | etc/ssl/certs/*) ;;
    usr/share/zoneinfo/* | usr/share/common-licenses/* | usr/share/doc/*/copyright | usr/share/doc/libgcc-s1 | usr/share/doc/libstdc++6) ;;
    usr/lib/os-release | etc/os-release | etc/debian_version | etc/host.conf | etc/protocols | etc/services) ;;
    *) false ;;
    esac
}
status=$debian/var/lib/dpkg/status.d
mkdir -p "$status"
for deb in "$context"/debs/*.deb; do
    name=$(dpkg-deb --field "$deb" Package)
    dpkg-deb --extract "$deb" "$into/$name"
    cd "$into/$name"
    if [ "$name" = ca-certificates ]; then # as its own script does when it is installed
        mkdir -p etc/ssl/certs
        cat usr/share/ca-certificates/mozilla/*.crt >etc/ssl/certs/ca-certificates.crt
    fi
    # As distroless images have it: scanners find packages, and what is theirs, by these two files.
    dpkg-deb --field "$deb" >"$status/$name"
    find . \( -type f -o -type l \) | sed 's|^\./||' | LC_ALL=C sort | while IFS= read -r path; do
        kept "$path" || continue
        mkdir -p "$debian/$(dirname "$path")"
        if [ ! -L "$path" ]; then md5sum "$path" >>"$status/$name.md5sums"; fi
        mv "$path" "$debian/$path"
    done
done
cd "$debian"
mkdir -p dev proc sys run home usr/bin usr/sbin tmp var/tmp
ln -s /run var/run
chmod 1777 tmp var/tmp
cp "$here/etc/passwd" "$here/etc/group" "$here/etc/nsswitch.conf" etc/

cp -R "$context/node/." "$into/node/usr/local/"
cd "$into/flexilib"
cp -R "$context/flexilib" opt/flexilib
mkdir -p etc/flexilib
cp "$here/etc/flexilib/proxy.ini" etc/flexilib/
# Whatever umask the staging machine has.
chmod -R u=rwX,go=rX "$into/node" "$into/flexilib" "$debian/etc"

# Where the server writes. In a read-only container these are mounts, or the server does without.
mkdir -p run/flexilib var/cache/flexilib executors
chown 65532:65532 run/flexilib var/cache/flexilib executors
