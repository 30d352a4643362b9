#!/usr/bin/env bash
# with_shared.sh FOLDER COMMAND...: runs a test that reads the reference files and recordings in FOLDER. Without them it is skipped
# by name, and in CI (environment CI) that is a failure.
set -euo pipefail
shared=$1
shift
[ -d "$shared/reference/golden" ] && [ -d "$shared/recordings" ] && exec "$@"
echo "$(basename "${!#}") needs reference/golden/ and recordings/ in $shared (cmake -DRUMBLE_SHARED=FOLDER)"
[ -n "${CI:-}" ] && exit 1
exit 77
