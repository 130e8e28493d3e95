-- The journal of a batch as schema version 1 wrote it. Frozen: journals like this are on people's
-- disks. HOST, OWNER, ITEM, WORKSPACE, ACCOUNT and the ids of jobs are filled in by the test.
PRAGMA application_id = 1431319602;
PRAGMA user_version = 1;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    process_id TEXT NOT NULL,
    workspace_id TEXT,
    inputs TEXT NOT NULL,
    geometry TEXT,
    cost TEXT,
    errors TEXT,
    UNIQUE (fingerprint, repeat)
);
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    entry_id INTEGER NOT NULL REFERENCES entries (id),
    state TEXT NOT NULL,
    sent_at TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    known TEXT,
    job_id TEXT UNIQUE,
    job TEXT
);
CREATE INDEX attempts_by_entry ON attempts (entry_id);
INSERT INTO facts VALUES ('host', '{HOST}');
INSERT INTO facts VALUES ('owner', '{OWNER}');
-- A job that ended, one that still runs, one whose request was under way, one that was lost, one
-- that was refused, one that is invalid, one that was not executed, and one that ran twice.
INSERT INTO entries VALUES (0, '{MARK0}', 0, 'true-color-conversion', NULL,
    '{"title": "ended", "item": "{ITEM}"}',
    '{"type": "Point", "coordinates": [13.4, 52.5]}',
    '{"strategy": "area", "credits": 36, "size": 9.0, "unit": "SQ_KM"}', '[]');
INSERT INTO entries VALUES (1, '{MARK1}', 0, 'true-color-conversion', NULL,
    '{"title": "runs", "item": "{ITEM}"}', NULL,
    '{"strategy": "area", "credits": 36, "size": 9.0, "unit": "SQ_KM"}', '[]');
INSERT INTO entries VALUES (2, '{MARK2}', 0, 'true-color-conversion', NULL,
    '{"title": "taken", "item": "{ITEM}"}', NULL, NULL, NULL);
INSERT INTO entries VALUES (3, '{MARK3}', 0, 'true-color-conversion', NULL,
    '{"title": "lost", "item": "{ITEM}"}', NULL, NULL, NULL);
INSERT INTO entries VALUES (4, '{MARK4}', 0, 'true-color-conversion', NULL,
    '{"title": "refused", "item": "{ITEM}"}', NULL, NULL, NULL);
INSERT INTO entries VALUES (5, '{MARK5}', 0, 'true-color-conversion', NULL,
    '{"title": "invalid", "item": "{ITEM}"}', NULL, NULL,
    '[["EulaNotAccepted", "Accept it."]]');
INSERT INTO entries VALUES (6, '{MARK6}', 0, 'true-color-conversion', NULL,
    '{"title": "pending", "item": "{ITEM}"}', NULL, NULL, NULL);
INSERT INTO entries VALUES (7, '{MARK7}', 0, 'true-color-conversion', NULL,
    '{"title": "twice", "item": "{ITEM}"}', NULL, NULL, NULL);
INSERT INTO attempts VALUES (1, 0, 'executed', '2025-03-01T12:00:00+00:00', '{WORKSPACE}', NULL,
    '{JOB0}', '{"processID": "true-color-conversion", "jobID": "{JOB0}", "accountID": "{ACCOUNT}",
    "workspaceID": "{WORKSPACE}", "definition": {"inputs": {"title": "ended", "item": "{ITEM}"}},
    "results": {"collection": "{HOST}/v2/assets/stac/collections/c", "errors": null},
    "creditConsumption": {"credits": 36}, "status": "captured",
    "created": "2025-03-01T12:00:01+00:00", "started": null, "finished": null, "updated": null}');
INSERT INTO attempts VALUES (2, 1, 'executed', '2025-03-01T12:00:00+00:00', '{WORKSPACE}', NULL,
    '{JOB1}', '{"processID": "true-color-conversion", "jobID": "{JOB1}", "accountID": "{ACCOUNT}",
    "workspaceID": "{WORKSPACE}", "definition": {"inputs": {"title": "runs", "item": "{ITEM}"}},
    "results": {"collection": null, "errors": null}, "creditConsumption": {"credits": null},
    "status": "running", "created": null, "started": null, "finished": null, "updated": null}');
INSERT INTO attempts VALUES (4, 2, 'sending', '2025-03-01T12:00:00+00:00', '{WORKSPACE}',
    '["{JOB0}", "{JOB1}"]', NULL, NULL);
INSERT INTO attempts VALUES (5, 3, 'uncertain', '2025-03-01T12:00:00+00:00', '{WORKSPACE}',
    '["{JOB0}", "{JOB1}"]', NULL, NULL);
INSERT INTO attempts VALUES (6, 4, 'refused', '2025-03-01T12:00:00+00:00', '{WORKSPACE}',
    '[]', NULL, NULL);
INSERT INTO attempts VALUES (7, 7, 'executed', '2025-03-01T12:00:00+00:00', '{WORKSPACE}', NULL,
    '{JOB7a}', '{"processID": "true-color-conversion", "jobID": "{JOB7a}",
    "definition": {"inputs": {"title": "twice", "item": "{ITEM}"}}, "status": "released"}');
INSERT INTO attempts VALUES (9, 7, 'executed', '2025-03-01T13:00:00+00:00', '{WORKSPACE}', NULL,
    '{JOB7b}', '{"processID": "true-color-conversion", "jobID": "{JOB7b}",
    "definition": {"inputs": {"title": "twice", "item": "{ITEM}"}}, "status": "captured"}');
