#!/usr/bin/env bash
# Installs what is missing, builds, and runs the quickstart recipe on the two recordings that ship with rumble.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash .ci/install.sh run
cmake --preset release -DRUMBLE_TESTS=OFF -DRUMBLE_BENCH=OFF >/dev/null
cmake --build --preset release -j "$(nproc)"
./build/release/rumble run recipes/quickstart.yaml --out quickstart "$@"
