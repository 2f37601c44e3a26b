#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs inside the machine that boot.sh starts, as root; every line that begins with "not ok" is a failure.
failures=0
check() {
    what=$1
    shift
    if "$@"; then echo "ok: $what"; else echo "not ok: $what"; failures=$((failures + 1)); fi
}
says() { journalctl -b -u lcld -o cat --no-pager | grep -q "$1"; }
as() { runuser -u "$1" -- env HOME=/tmp sh -c "$2"; }

id alice >/dev/null 2>&1 || useradd --no-create-home alice
id mallory >/dev/null 2>&1 || useradd --no-create-home mallory
chmod 711 /root && chmod -R a+rX /root/job
tries=0
until lclctl status >/dev/null 2>&1 || [ $tries -gt 100 ]; do sleep 0.2; tries=$((tries + 1)); done

check "PID 1 is systemd" [ "$(cat /proc/1/comm)" = systemd ]
check "the unit is active" systemctl is-active --quiet lcld
check "it runs as lcld" [ "$(stat -c %U "/proc/$(systemctl show -p MainPID --value lcld)")" = lcld ]
id=$(as alice "lclctl submit /root/job")
check "a user's job is answered" as alice "lclctl watch $id"
check "the submitter reads the result" as alice "lclctl results $id --json > /dev/null"
check "another user does not" as mallory "! lclctl results $id --json > /dev/null 2>&1"
check "nor its file" as mallory "! cat /var/spool/lcld/done/$id/result.json > /dev/null 2>&1"
check "anybody may use the models" as mallory "lcl model list | grep -q '^default'"
check "but not read the database" as mallory "! cat /var/lib/lcld/lcld.db > /dev/null 2>&1"
check "workers are confined" says "workers are confined"
check "by everything that there is" sh -c "! journalctl -b -u lcld -o cat --no-pager | grep 'less confined'"
check "reload is taken" systemctl reload lcld
check "and logged" says "configuration reloaded"
check "the log tells who did what" sh -c "lclctl hold nothing 2>&1 | grep -q 'no job'; lclctl pause >/dev/null && lclctl resume >/dev/null && lclctl log | grep -q 'uid 0, process'"
check "exposure is at most 0.6" sh -c "systemd-analyze security lcld --no-pager | awk '/Overall exposure/ { print; for (i = 1; i <= NF; i++) if (\$i ~ /^[0-9.]+\$/) exit !(\$i <= 0.6) }'"
start=$(date +%s)
check "it stops" systemctl stop lcld
check "within 25 seconds" [ $(($(date +%s) - start)) -le 25 ]
check "in good order" [ "$(systemctl show -p Result --value lcld)" = success ]
echo "--- journal"
journalctl -b -u lcld -o short --no-pager | tail -n 40
exit $failures
