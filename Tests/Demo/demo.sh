#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Starts a daemon in a scratch directory, hands it a job of real pictures, and shows what it answers.
# LCL_BIN: where the programs are; LCL_CACHE: where fetched pictures are kept.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=${LCL_BIN:-$here/../../.build/release}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/lcl-demo.XXXXXX")
export LCLD_SOCKET="$scratch/control.sock"
daemon=
finish() {
    [ -z "$daemon" ] || { kill "$daemon" 2>/dev/null && wait "$daemon" || true; }
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

say "Pictures: icons of one concept, drawn by different hands"
"$here/pictures.sh" "$scratch/icons"

say "A daemon on a scratch spool"
"$bin/lcld" run --spool "$scratch/spool" --state "$scratch/state" --socket "$LCLD_SOCKET" 2>"$scratch/log" &
daemon=$!
tries=0
until "$bin/lclctl" status >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ $tries -gt 200 ] || ! kill -0 "$daemon" 2>/dev/null; then
        echo "the daemon did not start:" >&2
        cat "$scratch/log" >&2
        exit 1
    fi
    sleep 0.1
done
"$bin/lclctl" status

say "One job: supports from some themes, queries from others"
id=$("$bin/lclctl" submit "$scratch/icons")
"$bin/lclctl" watch "$id"
"$bin/lclctl" results "$id"

say "The same without a daemon: lcl classify JOBDIR"
"$bin/lcl" classify "$scratch/icons" --id "$id" -o "$scratch/result.json"
cmp "$scratch/result.json" "$scratch/spool/done/$id/result.json" && echo "the same bytes as the daemon's result.json"
