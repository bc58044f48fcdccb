#!/bin/bash
# Puts a real llama-server and Prometheus' promtool (from Debian's packages) and tiny models made on the spot into a
# folder:
#
#   bash test/real-llama/install.sh [FOLDER]        default: .cache/real-llama of this checkout
#
# Afterwards FOLDER/llama-server and FOLDER/promtool run and FOLDER/models/*.gguf load. What is already there is kept.
#
# Needs apt-get, dpkg-deb and the Debian mirror that this host's apt uses (or MIRROR=). No root, and nothing on the host
# changes: apt runs on a configuration of its own, and the packages are only unpacked. SUITE= picks another suite.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=$(cd "$here/../.." && pwd)
folder=${1:-$checkout/.cache/real-llama}
suite=${SUITE:-forky}
keyring=${KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
packages="libc6 libgcc-s1 libstdc++6 libgomp1 libssl3t64 libzstd1 zlib1g libggml0 libllama0 llama.cpp-tools promtool"

# The type-stripping Node of this checkout, wherever the system's own is older.
PATH=$checkout/node_modules/.bin:$PATH

case $(dpkg --print-architecture) in
  amd64) triplet=x86_64-linux-gnu loader=ld-linux-x86-64.so.2 ;;
  arm64) triplet=aarch64-linux-gnu loader=ld-linux-aarch64.so.1 ;;
  *) echo "no recipe for this architecture: $(dpkg --print-architecture)" >&2; exit 2 ;;
esac

mkdir -p "$folder"
cd "$folder"
folder=$PWD

the_mirror() {
  local found
  found=${MIRROR:-$(grep -rhsoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d | tr -d ' ' | sed -n 1p || true)}
  [ -n "$found" ] || { echo "no Debian mirror in apt's sources; set MIRROR" >&2; exit 2; }
  echo "$found"
}

download() {
  local apt=$folder/apt mirror
  mirror=$(the_mirror)
  mkdir -p "$apt"/etc/apt/{apt.conf.d,preferences.d,sources.list.d,trusted.gpg.d} "$apt"/var/lib/apt/lists/partial \
    "$apt"/var/cache/apt/archives/partial "$apt"/var/lib/dpkg "$apt"/log packages
  : > "$apt/var/lib/dpkg/status"
  echo "deb [signed-by=$keyring] $mirror $suite main" > "$apt/etc/apt/sources.list"
  # A mirror that stands still serves an expired Release file for a moving suite; its signature still counts.
  local options=(-q -o Dir="$apt" -o Dir::State::status="$apt/var/lib/dpkg/status" -o Dir::Log="$apt/log"
    -o APT::Sandbox::User= -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none -o Acquire::Retries=3)
  apt-get "${options[@]}" update
  # shellcheck disable=SC2086
  (cd packages && apt-get "${options[@]}" download $packages)
}

unpack() {
  rm -rf unpacked.part && mkdir unpacked.part
  for package in packages/*.deb; do dpkg-deb -x "$package" unpacked.part; done
  local libraries=unpacked.part/usr/lib/$triplet backend
  # ggml looks for its CPU backends beside /proc/self/exe, and that is the loader here.
  for backend in "$libraries"/ggml/backends0/*.so; do
    ln -sf "ggml/backends0/${backend##*/}" "$libraries/${backend##*/}"
  done
  rm -rf unpacked && mv unpacked.part unpacked
  rm -rf apt packages
}

# A program runs on the loader and the libraries that it was unpacked with: the host's own may be too old for it.
# `exec`, so that the process that was started is the program itself.
write_wrapper() { # NAME
  cat > "$1" <<EOF
#!/bin/sh
root=\$(dirname "\$(readlink -f "\$0")")/unpacked
lib=\$root/usr/lib/$triplet
exec "\$lib/$loader" --argv0 $1 --library-path "\$lib:\$lib/llama" "\$root/usr/bin/$1" "\$@"
EOF
  chmod +x "$1"
}

runs() { [ -x "$1" ] && "./$1" --version > "$1.version" 2>&1; }
works() { runs llama-server && runs promtool; }

if ! works; then
  download
  unpack
  write_wrapper llama-server
  write_wrapper promtool
  works || { cat ./*.version >&2; echo "llama-server or promtool does not run: is a library missing among the packages?" >&2; exit 1; }
fi
cat llama-server.version
node "$here/make-tiny-models.ts" "$folder/models"
