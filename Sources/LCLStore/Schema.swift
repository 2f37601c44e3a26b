// SPDX-License-Identifier: Apache-2.0
import GRDB

/// The tables, as a list of migrations that only ever grows. Times are milliseconds since 1970 UTC.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 jobs, verdicts, attempts, events") { try $0.execute(sql: first) }
        migrator.registerMigration("2 bytes of jobs") { try $0.execute(sql: second) }
        migrator.registerMigration("3 trainings") { try $0.execute(sql: third) }
        return migrator
    }

    private static let third = """
        -- 'classify' or 'train': trainings are claimed only where nothing else waits.
        ALTER TABLE jobs ADD COLUMN task TEXT NOT NULL DEFAULT 'classify';
        DROP INDEX jobs_next;
        CREATE INDEX jobs_next ON jobs (uid, task, rank, serial, expires) WHERE state = 'queued';
        """

    private static let second = """
        -- Of all pictures; 0 where an older lcl took the job in.
        ALTER TABLE jobs ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
        -- What quotas count.
        CREATE INDEX jobs_under_way ON jobs (uid, bytes, queries) WHERE state IN ('queued', 'held', 'running');
        """

    private static let first = """
        -- What does not belong to one job: the mode, the fair share's clock.
        CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

        CREATE TABLE jobs (
            serial INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            name TEXT,
            uid INTEGER NOT NULL,
            state TEXT NOT NULL,
            priority INTEGER NOT NULL,
            -- created - priority x ageing: the lowest runs first, and waiting needs no updates.
            rank INTEGER NOT NULL,
            created INTEGER NOT NULL,
            started INTEGER,
            finished INTEGER,
            expires INTEGER,
            attempts INTEGER NOT NULL DEFAULT 0,
            queries INTEGER NOT NULL,
            answered INTEGER NOT NULL DEFAULT 0,
            failed INTEGER NOT NULL DEFAULT 0,
            -- JSON of LCLJob.Failure: why it ended badly.
            failure TEXT,
            -- JSON of what the answers were given by: model, method, support set. Written with the first of them.
            support TEXT
        );
        CREATE INDEX jobs_next ON jobs (uid, rank, serial, expires) WHERE state = 'queued';
        CREATE INDEX jobs_expiring ON jobs (expires) WHERE expires IS NOT NULL AND state IN ('queued', 'held');
        CREATE INDEX jobs_by_state ON jobs (state, serial);
        CREATE INDEX jobs_by_uid ON jobs (uid, serial);

        -- What each submitter has had, in queries; the one with the least is next.
        CREATE TABLE shares (uid INTEGER PRIMARY KEY, used INTEGER NOT NULL);
        CREATE INDEX shares_next ON shares (used, uid);

        -- Answered queries; those without a row are open.
        CREATE TABLE verdicts (
            job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
            ordinal INTEGER NOT NULL,
            failed INTEGER NOT NULL,
            -- JSON of LCLJob.Verdict.
            verdict TEXT NOT NULL,
            PRIMARY KEY (job, ordinal)
        ) WITHOUT ROWID;

        CREATE TABLE attempts (
            job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
            started INTEGER NOT NULL,
            ended INTEGER,
            -- The event that ended it.
            outcome TEXT,
            detail TEXT
        );
        CREATE INDEX attempts_by_job ON attempts (job);

        -- Who did what, when. Kept by id, so that a job's story can outlive its row.
        CREATE TABLE events (
            serial INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            job TEXT,
            uid INTEGER,
            event TEXT NOT NULL,
            actor TEXT NOT NULL,
            detail TEXT
        );
        CREATE INDEX events_by_job ON events (job, serial);
        CREATE INDEX events_by_uid ON events (uid, serial);
        """
}
