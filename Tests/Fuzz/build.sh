#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds the fuzzers into .build-fuzz, module by module and without the package manager: only what reads bytes from outside is needed,
# and none of the packages. Swift under AddressSanitizer, C under AddressSanitizer and UndefinedBehaviorSanitizer, both with
# libFuzzer's coverage; all three come with the Swift toolchain.
set -eu
cd "$(dirname "$0")/../.."
out=$PWD/.build-fuzz
c_flags=(-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined)
swift_flags=(-sanitize=address -sanitize=fuzzer)
. Tests/Fuzz/modules.sh

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
swift_module LCLTraining Sources/LCLTraining
swift_module LCLSpool Sources/LCLSpool
swift_module LCLWorker Sources/LCLWorker
# Of these, what needs no package: the state machine of a run, and the messages of the control socket.
swift_module LCLDaemon Sources/LCLDaemon/JobRun.swift Sources/LCLDaemon/JobRunEvents.swift Sources/LCLDaemon/Learning.swift Sources/LCLDaemon/FitPhase.swift Sources/LCLDaemon/Plausibility.swift
swift_module LCLControl Sources/LCLControl/Messages.swift
swift_module TestPictures Tests/TestPictures
swift_module FuzzTargets Tests/Fuzz/Targets
swift_module FuzzProgram Tests/Fuzz/Program
"$SWIFTC" -use-ld=lld -sanitize=address -sanitize=fuzzer "${objects[@]}" -lopenblas -ljpeg -lpng -o "$out/fuzz"
echo "$out/fuzz"
