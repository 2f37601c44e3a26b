#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The real unit under a systemd that is PID 1: boots a Debian tree that lcl is installed in, runs a job as an ordinary user, reloads, stops.
# usage: boot.sh ROOT JOBDIR: ROOT is the root directory of a Debian 12 with systemd, and `make install DESTDIR=ROOT` done; see make test-unit.
# Needs root, debootstrap and systemd-container. Prints what the machine saw; its exit status is that of the checks.
set -eu
root=$1 job=$2 here=$(cd "$(dirname "$0")" && pwd)
[ -x "$root/usr/sbin/lcld" ] || { echo "lcl is not installed in $root: make install DESTDIR=$root" >&2; exit 1; }
rm -rf "$root/root/job" "$root/root/report" "$root/root/status"
cp -r "$job" "$root/root/job"
install -m 755 "$here/inside.sh" "$root/root/inside.sh"
cat > "$root/etc/systemd/system/lcl-test.service" <<UNIT
[Unit]
After=multi-user.target lcld.service
Wants=lcld.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c '/root/inside.sh > /root/report 2>&1; echo \$? > /root/status; systemctl --no-block poweroff'
UNIT
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -sf ../lcl-test.service "$root/etc/systemd/system/multi-user.target.wants/lcl-test.service"
for network in systemd-networkd systemd-resolved systemd-networkd-wait-online; do ln -sf /dev/null "$root/etc/systemd/system/$network.service"; done

# Its own list of system calls is older than Landlock.
timeout 180 systemd-nspawn --quiet --system-call-filter="landlock_create_ruleset landlock_add_rule landlock_restrict_self" --directory="$root" --boot --register=no --keep-unit --private-network --link-journal=no >"$root/../console" 2>&1 || {
    echo "the machine did not boot:" >&2
    tail -n 20 "$root/../console" >&2
    exit 1
}
cat "$root/root/report"
exit "$(cat "$root/root/status")"
