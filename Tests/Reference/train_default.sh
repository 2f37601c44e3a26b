#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fits the default model's mask and link file on the training pictures of eval_data.py and enters their digests in model.json and PROVENANCE.md.
#   train_default.sh PICTURES [LCL]
set -eu
pictures=$1
lcl=${2:-.build/release/lcl}
model=$(dirname "$0")/../../var/lib/lcld/models/default

enter() {
  old=$(sed -n "s/.*\"$1\": \"\([0-9a-f]*\)\".*/\1/p" "$model/model.json")
  digest=$(sha256sum "$model/$1" | cut -d' ' -f1)
  sed -i "s/$old/$digest/" "$model/model.json" "$model/PROVENANCE.md"
  grep -q "$digest" "$model/model.json" || { echo "unable to enter the digest in $model/model.json: it has no line for $1" >&2; exit 1; }
}

"$lcl" train "$pictures/masks" --method mask --output "$model/mask.gguf"
enter mask.gguf
"$lcl" train "$pictures/train" --strategy lda --cache --output "$model/link.gguf"
enter link.gguf
