#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs inside the machine that machine.sh boots, as root, and does what the kernel's command line says; each line it prints is a word to machine.sh.
spool=/var/spool/lcld jobs=/root/jobs
check() {
    what=$1
    shift
    if "$@" >/tmp/check 2>&1; then echo "ok: $what"; else echo "not ok: $what: $(tail -n 1 /tmp/check)"; fi
}
as() { runuser -u "$1" -- env HOME=/tmp sh -c "$2"; }
await() { # SECONDS COMMAND...
    seconds=$1
    shift
    until "$@" >/dev/null 2>&1; do
        seconds=$((seconds - 1))
        [ $seconds -gt 0 ] || return 1
        sleep 1
    done
}
waiting() { lclctl list --state queued --state running --json | grep -c '"id"'; }
idle() { [ "$(waiting)" = 0 ] && [ -z "$(find $spool/tmp $spool/incoming $spool/active -mindepth 1 -print -quit)" ]; }

# The spool on a file server, which knows of users and nothing of capabilities; the server is this machine as well.
nfs() {
    mkdir -p /srv/nfs $spool
    chown lcld:lcld /srv/nfs
    echo '/srv/nfs 127.0.0.1(rw,sync,no_subtree_check,fsid=1)' >/etc/exports
    systemctl restart nfs-kernel-server
    mount -t nfs4 127.0.0.1:/srv/nfs $spool
    as lcld "cd $spool && mkdir -m 3733 tmp incoming"
    useradd --no-create-home alice
    check "the spool is on NFS" [ "$(stat -f -c %T $spool)" = nfs ]
    check "the daemon starts" systemctl start lcld
    check "and says where its spool is" sh -c "journalctl -b -u lcld -o cat --no-pager | grep 'network filesystem'"
    id=$(as alice "lclctl submit $jobs/right")
    check "a user's job is answered" as alice "lclctl watch $id"
    check "its submitter reads the result's file" as alice "cat $spool/done/$id/result.json"
    check "another user does not" as nobody "! cat $spool/done/$id/result.json"
    # Taken in, and begun once the server is away.
    lclctl pause >/tmp/check
    spoiled=$(as alice "lclctl submit $jobs/spoiled")
    await 60 lclctl hold "$spoiled"
    lclctl resume >/tmp/check
    systemctl stop nfs-kernel-server
    lclctl release "$spoiled" >/tmp/check
    sleep 90  # longer than the watchdog waits
    check "status answers while the server is away" timeout 10 lclctl status
    check "a job is not over while the server is away" sh -c "! lclctl list --state done | grep $spoiled"
    systemctl start nfs-kernel-server
    check "a job is answered though the server was away for 90 seconds" as alice "lclctl watch $spoiled"
    check "and lcld was not restarted meanwhile" [ "$(systemctl show -p NRestarts --value lcld)" = 0 ]
    check "what was copied is removed" await 30 as lcld "[ -z \"\$(find $spool/tmp $spool/incoming $spool/active -mindepth 1)\" ]"
    as alice "mkdir $spool/tmp/locked && cp -r $jobs/right/* $spool/tmp/locked && mv $spool/tmp/locked $spool/incoming"
    check "one that the daemon may not move waits, and status says why" await 30 sh -c "lclctl status | grep 'Permission denied'"
    as alice "chmod -R g+rwX $spool/incoming/locked"
    check "and is taken once it may" await 120 lclctl watch locked
    systemctl stop lcld
    check "the database refuses to live there" as lcld "lcld run --spool $spool --state $spool/state --socket /tmp/socket 2>&1 | grep 'network filesystem (NFS)'"
}

# What each kind of job must end with.
reference() {
    systemctl start lcld
    for kind in right spoiled; do lclctl submit $jobs/$kind; done
    drop mistaken mistaken-quiet
    await 300 idle
    ends | sed 's/^end \([a-z]*\)-[^ ]* /reference \1 /'
    sync
}

# drop KIND NAME: by hand, and flushed; granted once it lies there.
drop() {
    cp -r $jobs/$1 $spool/tmp/$2 && touch $spool/tmp/$2/.ready && sync && mv $spool/tmp/$2 $spool/incoming/$2 && sync
}

# Jobs without end, until the plug is pulled.
life() {
    systemctl start --no-block lcld
    echo up
    n=0
    while n=$((n + 1)); do
        while [ "$(waiting)" -gt 6 ]; do sleep 1; done
        case $((n % 4)) in
        0) name=mistaken-$(date +%s)n$n && drop mistaken "$name" && echo "ack $name" ;;
        1) id=$(lclctl submit --spool $spool $jobs/spoiled) && echo "ack $id" ;;
        *) id=$(lclctl submit --spool $spool $jobs/right) && echo "ack $id" ;;
        esac
    done
}

settle() {
    systemctl start lcld
    await 1000 idle
    ends
    lclctl list --limit 1000 --json | tr -d '\n' | tr '{' '\n' | sed -n 's/.*"id" *: *"\([^"]*\)".*"state" *: *"\([a-z]*\)".*/row \1 \2/p'
    echo
    {
        find $spool/tmp $spool/incoming $spool/active -mindepth 1
        find $spool/done -name pictures
        find $spool -name '.?*' ! -name .lock ! -path '*/original/*'
    } | sed 's/^/stray /'
}

# "end ID STATE DIGEST" for each job that is over; the digest is of its answer, whatever the job is called.
ends() {
    for answer in $spool/done/*/result.json $spool/failed/*/error.json $spool/corrupt/*/error.json; do
        [ -e "$answer" ] || continue
        directory=${answer%/*} id=${directory##*/} place=${directory%/*}
        echo "end $id ${place##*/} $(sed "s/$id/ID/g" "$answer" | sha256sum | cut -c 1-16)"
    done
}

chmod 711 /root
chmod -R a+rX $jobs
systemd-sysusers
mode=$(sed -n 's/.*lcl.test=\([a-z]*\).*/\1/p' /proc/cmdline)
mount | grep -q " $spool " || [ "$mode" = nfs ] || systemd-tmpfiles --create
$mode
echo over
