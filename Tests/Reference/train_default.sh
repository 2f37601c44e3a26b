#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fits the default model's link file on the training pictures of eval_data.py and enters its digest in model.json and PROVENANCE.md.
#   train_default.sh PICTURES/train [LCL]
set -eu
pictures=$1
lcl=${2:-.build/release/lcl}
model=$(dirname "$0")/../../var/lib/lcld/models/default
"$lcl" train "$pictures" --strategy lda --cache --output "$model/link.gguf"
old=$(sed -n 's/.*"link.gguf": "\([0-9a-f]*\)".*/\1/p' "$model/model.json")
digest=$(sha256sum "$model/link.gguf" | cut -d' ' -f1)
sed -i "s/$old/$digest/" "$model/model.json" "$model/PROVENANCE.md"
grep -q "$digest" "$model/model.json" || { echo "unable to enter the digest in $model/model.json: it has no line for link.gguf" >&2; exit 1; }
