#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs tests of what is written in C, or calls it with bare pointers, under the sanitizers that the fuzzers are built with.
# After build.sh: sanitize.sh [MODULE...]
set -eu
cd "$(dirname "$0")/../.."
out=$PWD/.build-fuzz
: "${SWIFTC:=swiftc}"
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1

flags=(-g -O -parse-as-library -swift-version 6 -package-name lcl -I "$out" -sanitize=address -use-ld=lld
  -enable-upcoming-feature ExistentialAny -enable-upcoming-feature MemberImportVisibility -Xcc "-fmodule-map-file=Sources/COpenBLAS/module.modulemap")
for map in "$out"/*.modulemap; do flags+=(-Xcc "-fmodule-map-file=$map"); done
mapfile -t objects < <(find "$out" -name '*.o' ! -name 'Fuzz*')

# What the package manager would write: where the goldens lie, and the program that runs the tests.
support() { # MODULE
  printf 'import Foundation\nextension Bundle { static let module = Bundle(path: "%s")! }\n' "$PWD/Tests/$1"
  printf 'import Testing\n@main struct Tests { static func main() async { await Testing.__swiftPMEntryPoint() as Never } }\n'
}

[ $# -gt 0 ] || set -- LCLTensorTests LCLImageTests
for name in "$@"; do
    support "$name" > "$out/$name-main.swift"
    "$SWIFTC" "${flags[@]}" -module-name "$name" Tests/"$name"/*.swift "$out/$name-main.swift" "${objects[@]}" -lopenblas -ljpeg -lpng -o "$out/$name"
    "$out/$name" --testing-library swift-testing
done
