#!/usr/bin/env bash
# Installs what is missing on Debian or Ubuntu: `install.sh run` for building and running, `install.sh test` for the tests as well.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lists=("$here/packages-run.txt")
[ "${1:-run}" = test ] && lists+=("$here/packages-test.txt")
mapfile -t packages < <(sed -e 's/#.*//' -e '/^\s*$/d' "${lists[@]}")
missing=()
for package in "${packages[@]}"; do
	[ "$package" = npm ] && command -v npm >/dev/null && continue     # however it came here
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
	as_root=()
	[ "$(id -u)" = 0 ] || as_root=(sudo)
	echo "installing ${missing[*]}"
	"${as_root[@]}" apt-get update -q >/dev/null
	DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
fi
# The chart library of the report's pages, pinned by hash; without npm the pages show still figures instead.
page="$here/../pipeline/report"
if [ -f "$page/package-lock.json" ] && [ ! -d "$page/node_modules" ] && command -v npm >/dev/null; then
	(cd "$page" && npm ci --silent --no-audit --no-fund) || echo "the chart library could not be fetched; pages will show still figures" >&2
fi
