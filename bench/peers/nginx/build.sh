#!/bin/bash
# build.sh FOLDER INCLUDE: the module, for the nginx that Debian ships.
set -e
here=$(cd "$(dirname "$0")" && pwd)
export FLEXILIB_INCLUDE=$2
rm -rf "$1/nginx-source"
cp -rL /usr/share/nginx/src "$1/nginx-source"
cd "$1/nginx-source"
. /usr/share/nginx/src/conf_flags
./configure "${NGX_CONF_FLAGS[@]}" --add-dynamic-module="$here"
make -f objs/Makefile modules
cp objs/ngx_http_executor_module.so "$1/"
