#!/usr/bin/env bash
# Builds and runs the tests: run.sh [release|sanitize|debug|coverage] [more words for ctest, such as -R units or -L quick].
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=${1:-release}
shift || true
bash .ci/install.sh test
cmake --preset "$preset" -DRUMBLE_TESTS=ON -DRUMBLE_BENCH=ON -DRUMBLE_WERROR="${RUMBLE_WERROR:-OFF}" >/dev/null
cmake --build --preset "$preset" -j "$(nproc)"
ctest --preset "$preset" --no-tests=error -j "$(nproc)" "$@"
