#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds the fuzzers into .build-fuzz, module by module and without the package manager: only what reads bytes from outside is needed,
# and none of the packages. Swift under AddressSanitizer, C under AddressSanitizer and UndefinedBehaviorSanitizer, both with
# libFuzzer's coverage; all three come with the Swift toolchain.
set -eu
cd "$(dirname "$0")/../.."
out=$PWD/.build-fuzz
mkdir -p "$out"
: "${SWIFTC:=swiftc}" "${CLANG:=$(dirname "$(readlink -f "$(command -v "$SWIFTC")")")/clang}"

c_flags=(-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined)
swift_flags=(-g -O -wmo -parse-as-library -swift-version 6 -package-name lcl -I "$out" -sanitize=address -sanitize=fuzzer
  -enable-upcoming-feature ExistentialAny -enable-upcoming-feature MemberImportVisibility -Xcc "-fmodule-map-file=Sources/COpenBLAS/module.modulemap")
objects=()

c_module() { # NAME DIRECTORY [FLAG...]
  local name=$1 directory=$2 source object
  shift 2
  printf 'module %s {\n  header "%s"\n  export *\n}\n' "$name" "$PWD/$directory/include/$name.h" > "$out/$name.modulemap"
  swift_flags+=(-Xcc "-fmodule-map-file=$out/$name.modulemap")
  for source in "$directory"/*.c; do
    object=$out/$name-$(basename "$source" .c).o
    objects+=("$object")
    [ "$object" -nt "$source" ] && [ "$object" -nt "$directory/include/$name.h" ] || "$CLANG" "${c_flags[@]}" "$@" -I "$directory/include" -c "$source" -o "$object"
  done
}

newest= # a module is built again when one before it was
swift_module() { # NAME SOURCE...
  local name=$1 object=$out/$1.o
  shift
  objects+=("$object")
  local sources
  mapfile -t sources < <(find "$@" -name '*.swift' | sort)
  if [ ! -e "$object" ] || [ -n "$newest" ] || [ -n "$(find "${sources[@]}" "$0" -newer "$object" -print -quit)" ]; then
    echo "compiling $name"
    "$SWIFTC" "${swift_flags[@]}" -module-name "$name" -emit-module -emit-module-path "$out/$name.swiftmodule" -c "${sources[@]}" -o "$object"
    newest=$object
  fi
}

c_module CKernels Sources/CKernels -O3
c_module CImageCodecs Sources/CImageCodecs
c_module CPosix Sources/CPosix
c_module CTestCodecs Tests/CTestCodecs
swift_module LCLJob Sources/LCLJob
swift_module LCLDigest Sources/LCLDigest
swift_module LCLTensor Sources/LCLTensor
swift_module LCLImage Sources/LCLImage
swift_module LCLModel Sources/LCLModel
swift_module LCLLink Sources/LCLLink
swift_module LCLSpool Sources/LCLSpool
swift_module LCLWorker Sources/LCLWorker
# Of these, what needs no package: the state machine of a run, and the messages of the control socket.
swift_module LCLDaemon Sources/LCLDaemon/JobRun.swift Sources/LCLDaemon/Plausibility.swift
swift_module LCLControl Sources/LCLControl/Messages.swift
swift_module TestPictures Tests/TestPictures
swift_module FuzzTargets Tests/Fuzz/Targets
swift_module FuzzProgram Tests/Fuzz/Program
"$SWIFTC" -use-ld=lld -sanitize=address -sanitize=fuzzer "${objects[@]}" -lopenblas -ljpeg -lpng -o "$out/fuzz"
echo "$out/fuzz"
