# Builds dist/libhello.so: `sh build.sh` for debugging, `sh build.sh --release` for use.
set -e
if ! cargo --version > /dev/null 2>&1; then
    echo "hello: skipped, cargo is not installed (https://rustup.rs)"
    exit 0
fi
cargo build --quiet --target-dir target "$@"

# A server may be watching: the library gets its name only when it is complete.
mkdir -p dist
case "$1" in
--release) cp target/release/libhello.so dist/libhello.so.new ;;
*) cp target/debug/libhello.so dist/libhello.so.new ;;
esac
mv dist/libhello.so.new dist/libhello.so
