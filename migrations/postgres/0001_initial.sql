--{% capture source %}§{% raw %}
-- Table names end in a word of their own, so that no resource name can make
-- one of them a keyword or equal to another.

-- What each one is now. Ids are UUIDs of version 7: in the sequence of creation,
-- so that new rows go to the end of the index.
CREATE TABLE order_records (
    id       UUID   PRIMARY KEY,
    customer TEXT   NOT NULL,
    state    TEXT   NOT NULL,
    version  BIGINT NOT NULL,
    created  BIGINT NOT NULL, -- nanoseconds since 1970
    updated  BIGINT NOT NULL, -- nanoseconds since 1970
    note     JSON   NOT NULL, -- a string; TEXT could not hold U+0000
    items    JSON   NOT NULL
);

-- For lists with a filter; each ends with the sort key.
CREATE INDEX order_records_by_customer ON order_records (customer, id);
CREATE INDEX order_records_by_state ON order_records (state, id);

-- What happened.
CREATE TABLE order_events (
    seq    BIGINT PRIMARY KEY,
    at     BIGINT NOT NULL, -- nanoseconds since 1970
    change TEXT   NOT NULL,
    data   JSON   NOT NULL  -- the whole, as it was right afterwards
);

-- The last sequence number of an event. Whoever stores events takes theirs from
-- this row and so holds it until the commit: numbers have no gaps, and an event
-- is seen only after all before it. On one page with room for its next version.
CREATE TABLE order_clock (
    one  BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
    last BIGINT  NOT NULL
) WITH (fillfactor = 10);
INSERT INTO order_clock (last) VALUES (0);

-- Requests that were answered, so that a repeated one gets the same answer.
CREATE TABLE order_requests (
    caller     TEXT   NOT NULL,
    request_id UUID   NOT NULL,
    at         BIGINT NOT NULL, -- nanoseconds since 1970
    id         UUID   NOT NULL, -- of what it led to
    digest     BYTEA  NOT NULL, -- SHA-256 of what was asked for
    data       JSON   NOT NULL, -- the answer
    PRIMARY KEY (caller, request_id)
);
CREATE INDEX order_requests_by_at ON order_requests (at);
--{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
