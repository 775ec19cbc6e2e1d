-- All tables of one resource, here `parcel`, in SQLite. What its service brings are
-- the columns between the marks, and indexes for its lists.
--
-- Ids are UUIDs of version 7: byte for byte in the sequence of creation, so that new
-- rows go to the end of the tree. Times are nanoseconds since 1970.

-- What each one is now; owner '' is nobody's.
CREATE TABLE parcel_records (
    id       BLOB    PRIMARY KEY CHECK (length(id) = 16),
    version  INTEGER NOT NULL,
    created  INTEGER NOT NULL,
    updated  INTEGER NOT NULL,
    owner    TEXT    NOT NULL,
    -- its own: fixed, tracked, text, json
    sender   TEXT    NOT NULL,
    state    TEXT    NOT NULL,
    note     TEXT    NOT NULL,
    items    TEXT    NOT NULL
    -- until here
) STRICT, WITHOUT ROWID;

-- For lists with a filter; each ends with the sort key.
CREATE INDEX parcel_records_by_sender ON parcel_records (sender, id);
CREATE INDEX parcel_records_by_state ON parcel_records (state, id);
CREATE INDEX parcel_records_by_owner ON parcel_records (owner, id);
CREATE INDEX parcel_records_by_owner_and_sender ON parcel_records (owner, sender, id);
CREATE INDEX parcel_records_by_owner_and_state ON parcel_records (owner, state, id);
-- The same for a whole tenant, whose owners are called `tenant/NAME OWNER` or, where it
-- owns itself, `tenant/NAME`. Without tenants there is nothing in these.
CREATE INDEX parcel_records_by_tenant
    ON parcel_records (substr(owner, 1, instr(owner || ' ', ' ') - 1), id)
    WHERE substr(owner, 1, 7) = 'tenant/';
CREATE INDEX parcel_records_by_tenant_and_sender
    ON parcel_records (substr(owner, 1, instr(owner || ' ', ' ') - 1), sender, id)
    WHERE substr(owner, 1, 7) = 'tenant/';
CREATE INDEX parcel_records_by_tenant_and_state
    ON parcel_records (substr(owner, 1, instr(owner || ' ', ' ') - 1), state, id)
    WHERE substr(owner, 1, 7) = 'tenant/';

-- What happened. AUTOINCREMENT: a sequence number is never used twice, not even after
-- the last rows were swept. An event says only what is tracked; the rest of it as it
-- was right afterwards stands in the record or, if it was replaced since, in the past.
CREATE TABLE parcel_events (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    at          INTEGER NOT NULL,
    change      TEXT    NOT NULL,
    data        TEXT    NOT NULL, -- '', or JSON of the whole
    id          BLOB,
    version     INTEGER,
    -- its own: those that are tracked
    state       TEXT,
    -- until here
    traceparent TEXT,             -- NULL where it was not kept
    tracestate  TEXT
) STRICT;

-- What was replaced, as long as events before that are kept.
CREATE TABLE parcel_past (
    id    BLOB    NOT NULL,
    part  TEXT    NOT NULL, -- the column of the record
    until INTEGER NOT NULL, -- the last version that had it
    value TEXT    NOT NULL,
    PRIMARY KEY (id, part, until)
) STRICT, WITHOUT ROWID;

-- Idempotency keys that were used, so that a repeated request gets the same answer.
CREATE TABLE parcel_requests (
    seq        INTEGER PRIMARY KEY, -- of the event that it led to
    at         INTEGER NOT NULL,
    caller     TEXT    NOT NULL,
    request_id BLOB    NOT NULL,
    content    TEXT    NOT NULL,    -- ''
    UNIQUE (caller, request_id)
) STRICT;

-- Up to which event all were published elsewhere; no row before the first.
CREATE TABLE parcel_published (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL
) STRICT;

-- What is claimed elsewhere may differ from what is needed: until the change that it
-- is for is stored, or somebody has settled it. AUTOINCREMENT: no ticket twice.
CREATE TABLE parcel_holds (
    ticket     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         BLOB    NOT NULL UNIQUE, -- for what
    at         INTEGER NOT NULL,        -- 0: to be settled now
    caller     TEXT,                    -- the request that it is for, if that has an id
    request_id BLOB,
    content    TEXT,                    -- JSON: what was asked for
    UNIQUE (caller, request_id)
) STRICT;
CREATE INDEX parcel_holds_by_at ON parcel_holds (at);
