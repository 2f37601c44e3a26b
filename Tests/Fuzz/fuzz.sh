#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fuzzes every target for a while and adds what was run to the record: fuzz.sh [TARGET...]
# SECONDS_EACH=60 JOBS=1; what is found lies in .build-fuzz/found/TARGET, and fails the run.
set -u
cd "$(dirname "$0")/../.."
build=$PWD/.build-fuzz
record=$build/record.tsv
: "${SECONDS_EACH:=60}" "${JOBS:=1}" "${FUZZ:=$build/fuzz}"
# A crash says enough without a picture of the stack; Swift's own handler would hide it from libFuzzer.
# Swift keeps pointers with bits in them, which the leak detector does not know: it is for the decoders alone.
leaks() { case $1 in jpeg | png) echo 1 ;; *) echo 0 ;; esac; }
export SWIFT_BACKTRACE=enable=no UBSAN_OPTIONS=print_stacktrace=1 OPENBLAS_NUM_THREADS=1

fuzz() { # TARGET
  local target=$1 grown=$build/corpus/$1 found=$build/found/$1 log=$build/$1.log dictionary=Tests/Fuzz/Dictionaries/$1.dict
  mkdir -p "$grown" "$found"
  export LCL_FUZZ_TARGET=$target ASAN_OPTIONS=handle_abort=1:detect_leaks=$(leaks "$target")
  LCL_FUZZ_SEEDS=$grown "$FUZZ" 2>> "$log" || return 1
  local options=(-max_total_time="$SECONDS_EACH" -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=512 -print_final_stats=1 -artifact_prefix="$found/")
  [ -e "$dictionary" ] && options+=(-dict="$dictionary")
  local committed=()
  [ -d "Tests/Fuzz/Corpora/$target" ] && committed=("Tests/Fuzz/Corpora/$target")
  local begin end status
  TIMEFORMAT='%U %S'
  begin=$(date +%s)
  { time "$FUZZ" "${options[@]}" "$grown" "${committed[@]}" > "$log" 2>&1; } 2> "$build/$target.time"
  status=$?
  end=$(date +%s)
  local runs cpu
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
  cpu=$(awk '{print int($1 + $2)}' "$build/$target.time")
  printf '%s\t%s\t%s\t%s\t%s\n' "$(date -u +%FT%TZ)" "$target" "${runs:-0}" "$cpu" "$((end - begin))" >> "$record"
  [ "$status" = 0 ] || { echo "$target: found something; see $log and $found" >&2; tail -5 "$log" >&2; }
  return "$status"
}

[ $# -gt 0 ] && targets=("$@") || targets=(jpeg png exif gguf model text manifest layout worker records)
failed=0
running=0
for target in "${targets[@]}"; do
  fuzz "$target" &
  running=$((running + 1))
  if [ "$running" -ge "$JOBS" ]; then wait -n || failed=1; running=$((running - 1)); fi
done
while [ "$running" -gt 0 ]; do wait -n || failed=1; running=$((running - 1)); done

echo "All runs so far (see $record):"
awk -F'\t' '{ runs[$2] += $3; cpu[$2] += $4 } END { for (t in runs) printf "  %-9s %12d inputs %8.1f minutes of processor time\n", t, runs[t], cpu[t] / 60 }' "$record" | sort
exit "$failed"
