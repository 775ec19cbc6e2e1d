-- All tables of %many words% in PostgreSQL.
--
-- Ids are UUIDs of version 7: in the sequence of creation, so that new rows go to the
-- end of the index. Times are nanoseconds since 1970.

-- What each one is now; owner '' is nobody's.
CREATE TABLE %one%_records (
    id       UUID   PRIMARY KEY,
    version  BIGINT NOT NULL,
    created  BIGINT NOT NULL,
    updated  BIGINT NOT NULL,
fixed@@    "%field%" TEXT NOT NULL,
free@@    "%field%" JSON NOT NULL,
    owner    TEXT   NOT NULL
);

-- For lists with a filter; each ends with the sort key.
CREATE INDEX %one%_records_by_owner ON %one%_records (owner, id);
fixed@@CREATE INDEX %one%_records_by_%field% ON %one%_records ("%field%", id);
fixed@@CREATE INDEX %one%_records_by_owner_and_%field% ON %one%_records (owner, "%field%", id);
-- The same for a whole tenant, whose owners are called `tenant/NAME OWNER` or, where it
-- owns itself, `tenant/NAME`. Without tenants there is nothing in these.
CREATE INDEX %one%_records_by_tenant
    ON %one%_records (split_part(owner, ' ', 1), id)
    WHERE substr(owner, 1, 7) = 'tenant/';
fixed@@CREATE INDEX %one%_records_by_tenant_and_%field%
fixed@@    ON %one%_records (split_part(owner, ' ', 1), "%field%", id)
fixed@@    WHERE substr(owner, 1, 7) = 'tenant/';

-- What happened. An event says only what is tracked; the rest of it as it was right
-- afterwards stands in the record or, if it was replaced since, in the past.
CREATE TABLE %one%_events (
    seq         BIGINT PRIMARY KEY,
    at          BIGINT NOT NULL,
    change      TEXT   NOT NULL,
    data        JSON,  -- NULL, or the whole
    id          UUID,
    version     BIGINT,
    traceparent TEXT,  -- NULL where it was not kept
    tracestate  TEXT
);

-- What was replaced, as long as events before that are kept.
CREATE TABLE %one%_past (
    id    UUID   NOT NULL,
    part  TEXT   NOT NULL, -- the column of the record
    until BIGINT NOT NULL, -- the last version that had it
    value JSON   NOT NULL,
    PRIMARY KEY (id, part, until)
);

-- The last sequence number of an event, and about how much is stored: the text of all
-- of it, and 200 bytes for each row with its place in the indexes. Whoever stores
-- events takes theirs from this row and so holds it until the commit: numbers have no
-- gaps, and an event is seen only after all before it. On one page with room for its
-- next version.
CREATE TABLE %one%_clock (
    one   BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
    last  BIGINT  NOT NULL,
    bytes BIGINT  NOT NULL DEFAULT 0
) WITH (fillfactor = 10);
INSERT INTO %one%_clock (last) VALUES (0);

-- Idempotency keys that were used, so that a repeated request gets the same answer.
CREATE TABLE %one%_requests (
    caller     TEXT   NOT NULL,
    request_id UUID   NOT NULL,
    at         BIGINT NOT NULL,
    id         UUID   NOT NULL, -- of what it led to
    data       JSON,            -- NULL, or the answer
    PRIMARY KEY (caller, request_id)
);
CREATE INDEX %one%_requests_by_at ON %one%_requests (at);
CREATE INDEX %one%_requests_by_id ON %one%_requests (id);

-- Up to which event all were published elsewhere; no row before the first.
CREATE TABLE %one%_published (
    one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
    seq BIGINT  NOT NULL
);

-- What is claimed elsewhere may differ from what is needed: until the change that it
-- is for is stored, or somebody has settled it.
CREATE SEQUENCE %one%_tickets;
CREATE TABLE %one%_holds (
    id         UUID   PRIMARY KEY, -- for what
    ticket     BIGINT NOT NULL DEFAULT nextval('%one%_tickets'),
    at         BIGINT NOT NULL,    -- 0: to be settled now
    caller     TEXT,               -- the request that it is for, if that has an id
    request_id UUID,
    content    TEXT,               -- JSON: what was asked for
    UNIQUE (caller, request_id)
);
CREATE INDEX %one%_holds_by_at ON %one%_holds (at);
