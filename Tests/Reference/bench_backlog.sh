#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A backlog: JOBS jobs of two supports and one query lie in incoming/ before the daemon starts; all are taken in while it is paused, then
# answered. Prints, at each tenth: jobs so far, jobs a second since the last line, the daemon's memory, the time of `lclctl status`.
# usage: bench_backlog.sh [JOBS]      LCL_BIN: where the programs are. Needs about 60 kB of disk a job.
set -eu
jobs=${1:-100000}
bin=${LCL_BIN:-$(cd "$(dirname "$0")/../.." && pwd)/.build/release}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/lcl-backlog.XXXXXX")
export LCLD_SOCKET="$scratch/sock"
daemon=
finish() {
    [ -z "$daemon" ] || { kill "$daemon" 2>/dev/null && wait "$daemon" || true; }
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM

# Three pictures of 8x8 in three colours, written by hand: a PNG is a header, one compressed block and an end.
python3 - "$scratch" "$jobs" <<'PYTHON'
import os, struct, sys, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
def png(colour):
    rows = b"".join(b"\0" + bytes(colour) * 8 for _ in range(8))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
scratch, jobs = sys.argv[1], int(sys.argv[2])
files = {"support/red/1.png": png((255, 0, 0)), "support/blue/1.png": png((0, 0, 255)), "queries/1.png": png((200, 0, 60))}
incoming = scratch + "/spool/incoming"
os.makedirs(incoming)
os.chmod(incoming, 0o1733)
for i in range(jobs):
    job = f"{incoming}/job-{i:06}"
    for name, data in files.items():
        os.makedirs(os.path.dirname(f"{job}/{name}"), exist_ok=True)
        with open(f"{job}/{name}", "wb") as file:
            file.write(data)
    open(f"{job}/.ready", "wb").close()
PYTHON

count() { "$bin/lclctl" status --json | awk -F': *' -v state="\"$1\"" 'index($0, state) { gsub(/[^0-9]/, "", $2); n = $2 } END { print n + 0 }'; }
now() { date +%s%N; }
follow() {  # follow STATE WORD: prints a line each tenth
    last=$(now); before=0; next=$((jobs / 10))
    while :; do
        t=$(now); n=$(count "$1"); took=$(($(now) - t))
        if [ "$n" -ge "$next" ]; then
            rss=$(awk '/VmRSS/ {print $2}' "/proc/$daemon/status"); at=$(now)
            awk -v w="$2" -v n="$n" -v d="$((n - before))" -v t="$((at - last))" -v r="$rss" -v s="$took" \
                'BEGIN { printf "%s %d: %.0f jobs/s, daemon %d MiB, status %.3f s\n", w, n, d / t * 1e9, r / 1024, s / 1e9 }'
            last=$at; before=$n; next=$((n + jobs / 10)); [ "$next" -le "$jobs" ] || next=$jobs
            [ "$n" -lt "$jobs" ] || return 0
        fi
        sleep 0.2
    done
}
"$bin/lcld" run --spool "$scratch/spool" --state "$scratch/state" --socket "$LCLD_SOCKET" --log-level warning 2>>"$scratch/log" &
daemon=$!
until "$bin/lclctl" pause >/dev/null 2>&1; do sleep 0.02; done
follow queued "taken in"
"$bin/lclctl" resume >/dev/null
follow done answered
