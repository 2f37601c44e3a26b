#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds llama.cpp, as vendored in the sdist of llama-cpp-python 0.3.36 on PyPI, and our driver of it: the peer of `make bench-mllm`.
# Takes about fifteen minutes on two cores; needs cmake, ninja and g++. Usage: build_llama.sh DIRECTORY; prints the driver's path.
set -eu
directory=$1
driver=$directory/bench_llama
source=$(cd "$(dirname "$0")" && pwd)/bench_llama.cpp
if [ ! -e "$directory/bin/libllama.so" ]; then
  mkdir -p "$directory"
  scratch=$(mktemp -d "$directory/.llama-XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  echo "llama-cpp-python==0.3.36 --hash=sha256:832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e" > "$scratch/sdist.txt"
  python3 -m pip download --quiet --no-deps --no-binary llama-cpp-python --require-hashes -d "$scratch" -r "$scratch/sdist.txt" >&2
  tar -xzf "$scratch"/llama_cpp_python-0.3.36.tar.gz -C "$scratch" --strip-components 1
  cmake -S "$scratch/vendor/llama.cpp" -B "$directory" -G Ninja -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DGGML_BLAS=OFF -DLLAMA_CURL=OFF \
    -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF -DBUILD_SHARED_LIBS=ON >&2
  cmake --build "$directory" --target llama llama-quantize >&2
  mkdir -p "$directory/include"
  cp "$scratch"/vendor/llama.cpp/include/*.h "$scratch"/vendor/llama.cpp/ggml/include/*.h "$directory/include"
fi
if [ ! "$driver" -nt "$source" ]; then
  g++ -O2 -std=c++17 -I"$directory/include" "$source" -o "$driver" -L"$directory/bin" -lllama -lggml -lggml-base -Wl,-rpath,"$directory/bin"
fi
echo "$driver"
