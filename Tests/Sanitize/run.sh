#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds the tests of what reads hostile bytes or does unsafe arithmetic into .build-asan, without the package manager: Swift under
# AddressSanitizer, our C also under UndefinedBehaviorSanitizer. Then runs them; what a sanitizer finds ends them.
# usage: run.sh [ARGUMENT...]: of swift-testing, such as --filter NAME
set -eu
cd "$(dirname "$0")/../.."
out=$PWD/.build-asan
c_flags=(-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined)
swift_flags=(-sanitize=address)
. Tests/Fuzz/modules.sh

test_module() { # NAME
  mkdir -p "$out/bundles/$1"
  printf 'import Foundation\nextension Foundation.Bundle { static let module = Bundle(path: "%s")! }\n' "$PWD/Tests/$1" > "$out/bundles/$1/new"
  cmp -s "$out/bundles/$1/new" "$out/bundles/$1/Bundle.swift" || cp "$out/bundles/$1/new" "$out/bundles/$1/Bundle.swift"
  swift_module "$1" "Tests/$1" "$out/bundles/$1"
}

c_module CKernels Sources/CKernels -O3
c_module CImageCodecs Sources/CImageCodecs
c_module CPosix Sources/CPosix
c_module CTestCodecs Tests/CTestCodecs
for module in LCLJob LCLDigest LCLTensor LCLImage LCLModel LCLSpool; do swift_module $module Sources/$module; done
swift_module TestPictures Tests/TestPictures
for module in LCLDigestTests LCLTensorTests LCLImageTests LCLModelTests LCLSpoolTests; do test_module $module; done
printf 'import Testing\n@main struct Runner { static func main() async { await Testing.__swiftPMEntryPoint() as Never } }\n' > "$out/Runner.swift"
swift_module Runner "$out/Runner.swift"
"$SWIFTC" -use-ld=lld -sanitize=address "${objects[@]}" -lopenblas -ljpeg -lpng -o "$out/tests"
ASAN_OPTIONS=detect_leaks=0 exec "$out/tests" --testing-library swift-testing "$@"
