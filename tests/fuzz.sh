#!/usr/bin/env bash
# Fuzzes every reader of foreign bytes: tests/fuzz.sh [SECONDS [TARGET...]] builds the targets and runs each for so many seconds; without
# SECONDS each for a fixed number of executions from a fixed seed, some 20 s, which is what every change has to pass. Needs clang with
# its libFuzzer. What is found is left in build/fuzz/found. A malformed file may bring down the libraries that read HDF5 and MATLAB, or make
# them take all memory (workers have limits for that), so these two run in processes of their own that may die, and only by hand: what is
# counted then is said.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:-0}
shift $(( $# > 0 ? 1 : 0 ))
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(folder load pickle recipe)
declare -A executions=([load]=25000 [matlab]=10000 [pickle]=250000 [folder]=20000 [recipe]=9000 [hdf5]=10000)
if ! echo 'int LLVMFuzzerTestOneInput(const char *d, long n) { return d && n < 0; }' | clang -x c -fsanitize=fuzzer,address -o /dev/null - 2>/dev/null; then
	echo "fuzzing is skipped: clang has no libFuzzer here (Debian: libclang-rt-14-dev)"
	exit 0
fi
cmake --preset fuzz -DRUMBLE_BENCH=OFF >/dev/null
cmake --build build/fuzz -j "$(nproc)" --target "${targets[@]/#/fuzz_}" >/dev/null
python=/usr/bin/python3
"$python" tests/fuzz_corpus.py build/fuzz/corpus
mkdir -p build/fuzz/found
place=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)" rumble-fuzz-XXXXXX)
export RUMBLE_FUZZ_PLACE=$place
trap 'rm -rf "$place"' EXIT
for target in "${targets[@]}"; do
	leaks=1
	more=()
	case $target in hdf5 | matlab) leaks=0 ;; esac   # what the libraries lose is theirs
	[ "$leaks" = 1 ] || more=(-fork=1 -ignore_crashes=1 -ignore_ooms=1 -ignore_timeouts=1)
	[ "$seconds" = 0 ] && more+=("-runs=${executions[$target]}") || more+=("-max_total_time=$seconds")
	grown=build/fuzz/grown/$target                    # what a longer run has learnt, for the next one
	[ "$seconds" = 0 ] && grown=$(mktemp -d) || mkdir -p "$grown"
	echo "== fuzz $target"
	survived=0
	ASAN_OPTIONS=allocator_may_return_null=1:max_allocation_size_mb=512:detect_leaks=$leaks "build/fuzz/tests/fuzz_$target" "$grown" \
		"build/fuzz/corpus/$target" -seed=1 -max_len=32768 -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=100000 \
		-artifact_prefix=build/fuzz/found/ -print_final_stats=1 "${more[@]}" > build/fuzz/fuzz_$target.log 2>&1 || survived=$?
	[ "$survived" = 0 ] || [ "$leaks" = 0 ] ||
		{ grep -av "failed to allocate" build/fuzz/fuzz_$target.log | tail -50; echo "fuzz_$target failed: build/fuzz/fuzz_$target.log"; exit 1; }
	grep -aE "stat::number_of_executed|^#[0-9]+: cov|oom/timeout/crash" build/fuzz/fuzz_$target.log | tail -1
	[ "$seconds" != 0 ] || rm -rf "$grown"
done
