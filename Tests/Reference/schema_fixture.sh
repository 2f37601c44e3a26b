#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes the database of version 1 that the tests of upgrading start from: the first migration of Schema.swift, and three jobs.
# usage: schema_fixture.sh > Tests/LCLStoreTests/Fixtures/version-1.sql
set -eu
schema=$(dirname "$0")/../../Sources/LCLStore/Schema.swift
{
    awk '/private static let first = """/ { inside = 1; next } inside && /^ *"""$/ { exit } inside' "$schema"
    cat <<'SQL'
CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
INSERT INTO grdb_migrations VALUES ('1 jobs, verdicts, attempts, events');
INSERT INTO jobs (id, uid, state, priority, rank, created, attempts, queries, answered)
VALUES ('done', 1000, 'done', 0, 1, 1, 1, 1, 1), ('running', 1000, 'running', 0, 2, 2, 1, 2, 1), ('queued', 1000, 'queued', 0, 3, 3, 0, 3, 0);
INSERT INTO shares VALUES (1000, 3);
INSERT INTO verdicts VALUES (2, 0, 0, '{"id":"q0","image":"a.png"}');
INSERT INTO attempts (job, started) VALUES (2, 2);
SQL
} | sqlite3 :memory: ".read /dev/stdin" .dump
