-- All tables of one resource, here `parcel`, in PostgreSQL. What its service brings are
-- the columns between the marks, and indexes for its lists.
--
-- Ids are UUIDs of version 7: in the sequence of creation, so that new rows go to the
-- end of the index. Times are nanoseconds since 1970.

-- What each one is now; owner '' is nobody's.
CREATE TABLE parcel_records (
    id       UUID   PRIMARY KEY,
    version  BIGINT NOT NULL,
    created  BIGINT NOT NULL,
    updated  BIGINT NOT NULL,
    owner    TEXT   NOT NULL,
    -- its own: fixed, tracked, text, json
    sender   TEXT   NOT NULL,
    state    TEXT   NOT NULL,
    note     JSON   NOT NULL, -- a string; TEXT could not hold U+0000
    items    JSON   NOT NULL
    -- until here
);

-- For lists with a filter; each ends with the sort key.
CREATE INDEX parcel_records_by_sender ON parcel_records (sender, id);
CREATE INDEX parcel_records_by_state ON parcel_records (state, id);
CREATE INDEX parcel_records_by_owner ON parcel_records (owner, id);
CREATE INDEX parcel_records_by_owner_and_sender ON parcel_records (owner, sender, id);
CREATE INDEX parcel_records_by_owner_and_state ON parcel_records (owner, state, id);
-- The same for a whole tenant, whose owners are called `tenant/NAME OWNER` or, where it
-- owns itself, `tenant/NAME`. Without tenants there is nothing in these.
CREATE INDEX parcel_records_by_tenant
    ON parcel_records (split_part(owner, ' ', 1), id)
    WHERE substr(owner, 1, 7) = 'tenant/';
CREATE INDEX parcel_records_by_tenant_and_sender
    ON parcel_records (split_part(owner, ' ', 1), sender, id)
    WHERE substr(owner, 1, 7) = 'tenant/';
CREATE INDEX parcel_records_by_tenant_and_state
    ON parcel_records (split_part(owner, ' ', 1), state, id)
    WHERE substr(owner, 1, 7) = 'tenant/';

-- What happened. An event says only what is tracked; the rest of it as it was right
-- afterwards stands in the record or, if it was replaced since, in the past.
CREATE TABLE parcel_events (
    seq         BIGINT PRIMARY KEY,
    at          BIGINT NOT NULL,
    change      TEXT   NOT NULL,
    data        JSON,  -- NULL, or the whole
    id          UUID,
    version     BIGINT,
    -- its own: those that are tracked
    state       TEXT,
    -- until here
    traceparent TEXT,  -- NULL where it was not kept
    tracestate  TEXT
);

-- What was replaced, as long as events before that are kept.
CREATE TABLE parcel_past (
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
CREATE TABLE parcel_clock (
    one   BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
    last  BIGINT  NOT NULL,
    bytes BIGINT  NOT NULL DEFAULT 0
) WITH (fillfactor = 10);
INSERT INTO parcel_clock (last) VALUES (0);

-- Idempotency keys that were used, so that a repeated request gets the same answer.
CREATE TABLE parcel_requests (
    caller     TEXT   NOT NULL,
    request_id UUID   NOT NULL,
    at         BIGINT NOT NULL,
    id         UUID   NOT NULL, -- of what it led to
    data       JSON,            -- NULL, or the answer
    PRIMARY KEY (caller, request_id)
);
CREATE INDEX parcel_requests_by_at ON parcel_requests (at);
CREATE INDEX parcel_requests_by_id ON parcel_requests (id);

-- Up to which event all were published elsewhere; no row before the first.
CREATE TABLE parcel_published (
    one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
    seq BIGINT  NOT NULL
);

-- What is claimed elsewhere may differ from what is needed: until the change that it
-- is for is stored, or somebody has settled it.
CREATE SEQUENCE parcel_tickets;
CREATE TABLE parcel_holds (
    id         UUID   PRIMARY KEY, -- for what
    ticket     BIGINT NOT NULL DEFAULT nextval('parcel_tickets'),
    at         BIGINT NOT NULL,    -- 0: to be settled now
    caller     TEXT,               -- the request that it is for, if that has an id
    request_id UUID,
    content    TEXT,               -- JSON: what was asked for
    UNIQUE (caller, request_id)
);
CREATE INDEX parcel_holds_by_at ON parcel_holds (at);
