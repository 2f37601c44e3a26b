PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
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
INSERT INTO jobs VALUES(1,'done',NULL,1000,'done',0,1,1,NULL,NULL,NULL,1,1,1,0,NULL,NULL);
INSERT INTO jobs VALUES(2,'running',NULL,1000,'running',0,2,2,NULL,NULL,NULL,1,2,1,0,NULL,NULL);
INSERT INTO jobs VALUES(3,'queued',NULL,1000,'queued',0,3,3,NULL,NULL,NULL,0,3,0,0,NULL,NULL);
CREATE TABLE shares (uid INTEGER PRIMARY KEY, used INTEGER NOT NULL);
INSERT INTO shares VALUES(1000,3);
CREATE TABLE verdicts (
            job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
            ordinal INTEGER NOT NULL,
            failed INTEGER NOT NULL,
            -- JSON of LCLJob.Verdict.
            verdict TEXT NOT NULL,
            PRIMARY KEY (job, ordinal)
        ) WITHOUT ROWID;
INSERT INTO verdicts VALUES(2,0,0,'{"id":"q0","image":"a.png"}');
CREATE TABLE attempts (
            job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
            started INTEGER NOT NULL,
            ended INTEGER,
            -- The event that ended it.
            outcome TEXT,
            detail TEXT
        );
INSERT INTO attempts VALUES(2,2,NULL,NULL,NULL);
CREATE TABLE events (
            serial INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            job TEXT,
            uid INTEGER,
            event TEXT NOT NULL,
            actor TEXT NOT NULL,
            detail TEXT
        );
CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
INSERT INTO grdb_migrations VALUES('1 jobs, verdicts, attempts, events');
CREATE INDEX jobs_next ON jobs (uid, rank, serial, expires) WHERE state = 'queued';
CREATE INDEX jobs_expiring ON jobs (expires) WHERE expires IS NOT NULL AND state IN ('queued', 'held');
CREATE INDEX jobs_by_state ON jobs (state, serial);
CREATE INDEX jobs_by_uid ON jobs (uid, serial);
CREATE INDEX shares_next ON shares (used, uid);
CREATE INDEX attempts_by_job ON attempts (job);
CREATE INDEX events_by_job ON events (job, serial);
CREATE INDEX events_by_uid ON events (uid, serial);
COMMIT;
