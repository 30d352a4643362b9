#!/bin/bash
# No name of a function or object stands twice in the library: of two, a static link quietly takes one.
set -eu
names=$(nm -g --defined-only "$1" | awk 'NF == 3 && $2 ~ /^[TDBR]$/ { print $3 }')
[ -n "$names" ] || { echo "$1 defines nothing"; exit 1; }
twice=$(sort <<<"$names" | uniq -d)
[ -z "$twice" ] || { echo "defined more than once: $twice"; exit 1; }
