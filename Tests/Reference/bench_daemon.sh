#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the daemon costs beyond the engine: jobs of one query, one large job, two workers against one, a backlog.
# usage: bench_daemon.sh JOBDIR [JOBS]: JOBDIR has support/LABEL/* and queries/* (some hundreds of pictures show most).
# LCL_BIN: where the programs are. Prints one line a measurement; times are wall-clock, so run it on a quiet machine.
set -eu
sample=$(cd "$1" && pwd)
jobs=${2:-200}
bin=${LCL_BIN:-$(cd "$(dirname "$0")/../.." && pwd)/.build/release}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/lcl-bench.XXXXXX")
export LCLD_SOCKET="$scratch/sock"
daemon=
finish() {
    [ -z "$daemon" ] || { kill "$daemon" 2>/dev/null && wait "$daemon" || true; }
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM

now() { date +%s%N; }
start() {
    "$bin/lcld" run --spool "$scratch/spool" --state "$scratch/state" --socket "$LCLD_SOCKET" --workers "$1" --log-level warning 2>>"$scratch/log" &
    daemon=$!
    until "$bin/lclctl" status --json 2>/dev/null | grep -q '"idle"'; do sleep 0.05; done
}
stop() { kill "$daemon"; wait "$daemon" || true; daemon=; }
done_count() { ls "$scratch/spool/done" | wc -l; }
wait_for() { until [ "$(done_count)" -ge "$1" ]; do sleep 0.02; done; }
stage() { cp -r "$1" "$scratch/spool/tmp/$2" && sync -f "$scratch/spool"; }
enter() { mv "$scratch/spool/tmp/$1" "$scratch/spool/incoming/$1"; }
offer() { cp -r "$1" "$scratch/spool/tmp/$2"; enter "$2"; }
# From the rename to the result of one job that was staged before, in nanoseconds.
answer_time() {
    t=$(now)
    enter "$1"
    until [ -e "$scratch/spool/done/$1/result.json" ]; do sleep 0.002; done
    t=$(($(now) - t))
}
per() { awk -v t="$1" -v n="$2" 'BEGIN { printf "%.3f", t / n / 1e6 }'; }

# Jobs of one query: the same pictures each time, so that workers know their features and what is left is overhead.
mkdir -p "$scratch/one/queries"
cp -r "$sample/support" "$scratch/one/"
cp "$(find "$sample/queries" -type f | sort | head -n 1)" "$scratch/one/queries/"
start 1
"$bin/lclctl" pause >/dev/null
i=0; while [ $i -lt "$jobs" ]; do offer "$scratch/one" "one$i"; i=$((i + 1)); done
until "$bin/lclctl" status --json | grep -q "\"queued\" *: *$jobs"; do sleep 0.05; done
t=$(now); "$bin/lclctl" resume >/dev/null; wait_for "$jobs"; t=$(($(now) - t))
echo "one query a job, queued: $(per $t "$jobs") ms a job ($jobs jobs, pictures known)"
rss=$(awk '/VmRSS/ {print $2}' "/proc/$daemon/status")
echo "daemon after $jobs jobs: $((rss / 1024)) MiB"
stage "$scratch/one" last; answer_time last
echo "one job alone, from rename to result: $(per $t 1) ms"
stop

# One large job, by one worker and by two; and by the engine alone.
count=$(find "$sample/queries" -type f | wc -l)
t=$(now); "$bin/lcl" classify "$sample" --threads 1 -o "$scratch/r.json"; engine=$(($(now) - t))
for workers in 1 2; do
    rm -rf "$scratch/spool" "$scratch/state"
    start $workers
    stage "$sample" large; answer_time large
    [ $workers = 1 ] && one=$t
    echo "large job, $workers worker(s): $(per $t "$count") ms a query ($count queries)"
    stop
done
echo "engine alone, one thread: $(per "$engine" "$count") ms a query"
awk -v a="$one" -v b="$t" -v e="$engine" -v n="$count" 'BEGIN {
    printf "daemon over engine: %.3f ms a query; two workers: %.2f x one\n", (a - e) / n / 1e6, a / b }'
