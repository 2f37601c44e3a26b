#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A whole machine with a kernel of its own, whose plug is pulled: machine.sh HOME JOB
# First it has its spool on a real NFS. Then it is killed PULLS times while jobs come, as if by a power cut: what the guest had not written is gone, and
# of what it had not flushed whatever needs the disk image's own tables. At last every job that was acknowledged must have ended once, with the bytes of a quiet run, rows and directories agreeing, and nothing else in the spool.
#
# HOME/root is a Debian 12 with a kernel, systemd, nfs-kernel-server and lcl installed in it; JOB is a job of icons (Tests/Demo/pictures.sh). See make
# test-machine. Needs root, qemu-system-x86 and qemu-utils; KVM is not needed, and not used, so the clock there runs slower than the work.
set -eu
home=$1 icons=$2 here=$(cd "$(dirname "$0")" && pwd)
: "${PULLS:=10}" "${SEED:=$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')}"
root=$home/root disk=$home/disk.img report=$home/report
[ -x "$root/usr/sbin/lcld" ] || { echo "lcl is not installed in $root: make install DESTDIR=$root" >&2; exit 1; }

# furnish: the disk that every run begins with
furnish() {
    jobs=$root/root/jobs
    rm -rf "$jobs"
    mkdir -p "$jobs/right/support" "$jobs/right/queries"
    for label in folder trash; do
        mkdir "$jobs/right/support/$label"
        cp "$icons/support/$label"/Tango-* "$jobs/right/support/$label"
        cp "$icons/queries/Faenza-$label-64.png" "$jobs/right/queries"
    done
    cp -r "$jobs/right" "$jobs/spoiled"
    echo "no picture" >"$jobs/spoiled/queries/Faenza-trash-64.png"
    cp -r "$jobs/right" "$jobs/mistaken"
    rm -r "$jobs/mistaken/support/trash"
    install -m 755 "$here/inside.sh" "$root/root/inside.sh"
    sed -i 's/"attempts": [0-9]*/"attempts": 100/; s/"deadline": "[0-9]*s"/"deadline": "600s"/' "$root/etc/lcld/lcld.json"
    cat >"$root/etc/systemd/system/lcl-test.service" <<UNIT
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/root/inside.sh
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS1
UNIT
    mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
    ln -sf ../lcl-test.service "$root/etc/systemd/system/multi-user.target.wants/lcl-test.service"
    for unit in serial-getty@ttyS0.service serial-getty@ttyS1.service getty@tty1.service apt-daily.timer apt-daily-upgrade.timer e2scrub_reap.service; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
    rm -f "$disk"
    truncate -s 3G "$disk"
    mkfs.ext4 -q -d "$root" "$disk"
}

# fresh NAME: a disk of its own, as furnished
fresh() {
    rm -f "$home/$1.qcow2"
    qemu-img create -q -f qcow2 -F raw -b "$disk" "$home/$1.qcow2"
}

# boot DISK MODE: in the background as $machine; the report is written to $report. A processor without AVX, since emulated FMA is very slow.
boot() {
    : >"$report"
    qemu-system-x86_64 -accel tcg,thread=multi -cpu Nehalem -smp 2 -m 2048 -display none -no-reboot -nic none \
        -kernel "$root/vmlinuz" -initrd "$root/initrd.img" -append "root=/dev/vda rw console=ttyS0 quiet panic=-1 lcl.test=$2" \
        -drive "file=$home/$1.qcow2,if=virtio,cache=writeback" -serial "file:$home/console" -serial "file:$report" &
    machine=$!
}

# until_says TEXT SECONDS: waits for a line of the report
until_says() {
    patience=$2
    until grep -q "^$1" "$report"; do
        patience=$((patience - 1))
        [ $patience -gt 0 ] && kill -0 $machine 2>/dev/null || { echo "the machine did not say '$1':" >&2; tail -n 20 "$report" "$home/console" >&2; pull; exit 1; }
        sleep 1
    done
}

# A line that was cut in the middle says nothing.
pull() {
    kill -9 $machine 2>/dev/null || true
    wait $machine 2>/dev/null || true
    tr -d '\r' <"$report" >"$home/said"
    [ -z "$(tail -c 1 "$home/said")" ] || sed -i '$d' "$home/said"
    cat "$home/said" >>"$home/reports"
}
trap 'kill -9 ${machine:-} 2>/dev/null || true' EXIT
trap 'exit 1' INT TERM

furnish
: >"$home/reports"
echo "--- a spool on NFS"
fresh nfs
boot nfs nfs
until_says over 900
pull
grep -E '^(ok|not ok):' "$home/reports"

echo "--- $PULLS power cuts, seed $SEED"
fresh plug
boot plug reference
until_says over 600
pull
for seconds in $(awk -v seed="$SEED" -v count="$PULLS" 'BEGIN { srand(seed); for (i = 0; i < count; i++) print 3 + int(rand() * 42) }'); do
    boot plug life
    until_says up 300
    sleep "$seconds"
    pull
    echo "pulled after $seconds s: $(tr -d '\r' <"$report" | grep -c '^ack ' || true) jobs acknowledged"
done
boot plug settle
until_says over 1200
pull
awk -v pulls="$PULLS" '
    function wrong(what) { print "not ok: " what; broken++ }
    $1 == "reference" { right[$2] = $3 " " $4 }
    $1 == "ack" { acknowledged[$2] = 1 }
    $1 == "end" { if ($2 in ended) wrong("two ends of " $2); ended[$2] = $3 " " $4 }
    $1 == "row" { row[$2] = $3 }
    $1 == "stray" { wrong("left in the spool: " $2) }
    END {
        if (right["right"] !~ /^done / || right["spoiled"] !~ /^done / || right["mistaken"] !~ /^failed /) wrong("no reference")
        if (length(acknowledged) == 0) wrong("no job was acknowledged")
        for (id in acknowledged) { count++; if (!(id in ended)) wrong("lost: " id) }
        for (id in ended) {
            kind = id; sub(/-[^-]*$/, "", kind)
            if (ended[id] != right[kind]) wrong(id ": " ended[id] " instead of " right[kind])
            split(ended[id], end, " ")
            if (row[id] != end[1]) wrong(id ": its row says " row[id] ", its directory " end[1])
        }
        for (id in row) if (!(id in ended)) wrong(id ": a row without a directory")
        printf "machine: %d power cuts, %d jobs acknowledged, broken %d\n", pulls, count, broken
        exit broken > 0
    }' "$home/reports" || failed=1
! grep -q '^not ok' "$home/reports" || failed=1
exit ${failed:-0}
