#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Adds to the committed corpora the fewest of the inputs found so far that reach something new: merge.sh [TARGET...]
# Inputs over LARGEST bytes (default 2048) stay out, so that a checkout stays small.
set -eu
cd "$(dirname "$0")/../.."
: "${LARGEST:=2048}"
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0 OPENBLAS_NUM_THREADS=1
[ $# -gt 0 ] || set -- jpeg png exif gguf model text manifest layout worker records
for target in "$@"; do
  small=.build-fuzz/small/$target
  rm -rf "$small" && mkdir -p "$small" "Tests/Fuzz/Corpora/$target"
  find ".build-fuzz/corpus/$target" -type f -size -"$LARGEST"c -exec cp -t "$small" {} +
  LCL_FUZZ_TARGET=$target .build-fuzz/fuzz -set_cover_merge=1 -use_counters=0 "Tests/Fuzz/Corpora/$target" "$small" 2> ".build-fuzz/$target.merge.log"
  du -sh --apparent-size "Tests/Fuzz/Corpora/$target"
done
