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
for deb in "$context"/debs/*.deb; do
    dpkg-deb --extract "$deb" "$into/unpacked"
    name=$(dpkg-deb --field "$deb" Package)
    mkdir -p "$debian/var/lib/dpkg/status.d"
    # As distroless images do it: scanners find the packages by these.
    dpkg-deb --field "$deb" >"$debian/var/lib/dpkg/status.d/$name"
    dpkg-deb --info "$deb" md5sums >"$debian/var/lib/dpkg/status.d/$name.md5sums"
done
cd "$into/unpacked"
cat usr/share/ca-certificates/mozilla/*.crt >"$into/certificates"
find . \( -type f -o -type l \) | sed 's|^\./||' | LC_ALL=C sort | while IFS= read -r path; do
    case $path in
    */libc_malloc_debug.so* | */libmemusage.so | */libpcprofile.so | */libthread_db.so* | */libnss_hesiod.so*) continue ;;
    */gconv/* | */gdb/* | */examples/*) continue ;;
    bin | lib | lib64 | sbin) ;;
    usr/lib/*.so | usr/lib/*.so.* | usr/lib64/* | usr/lib/os-release) ;;
    usr/share/zoneinfo/* | usr/share/common-licenses/* | usr/share/doc/*/copyright | usr/share/doc/libgcc-s1 | usr/share/doc/libstdc++6) ;;
    etc/os-release | etc/debian_version | etc/host.conf | etc/protocols | etc/services) ;;
    *) continue ;;
    esac
    mkdir -p "$debian/$(dirname "$path")"
    mv "$path" "$debian/$path"
done
cd "$debian"
mkdir -p dev proc sys run home etc/ssl/certs usr/bin usr/sbin tmp var/tmp
ln -s /run var/run
chmod 1777 tmp var/tmp
mv "$into/certificates" etc/ssl/certs/ca-certificates.crt
# The lists name what is here, no more.
for list in var/lib/dpkg/status.d/*.md5sums; do
    while read -r sum path; do
        if [ -f "$path" ]; then echo "$sum  $path"; fi
    done <"$list" >"$into/list"
    mv "$into/list" "$list"
done
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
