--{% capture source %}§{% raw %}
-- Table names end in a word of their own, so that no resource name can make
-- one of them a keyword or equal to another.

-- What each one is now. Ids are UUIDs of version 7: byte for byte in the
-- sequence of creation, so that new rows go to the end of the tree.
CREATE TABLE order_records (
    id       BLOB    PRIMARY KEY CHECK (length(id) = 16),
    customer TEXT    NOT NULL,
    state    TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    created  INTEGER NOT NULL, -- nanoseconds since 1970
    updated  INTEGER NOT NULL, -- nanoseconds since 1970
    note     TEXT    NOT NULL,
    items    TEXT    NOT NULL  -- JSON
) STRICT, WITHOUT ROWID;

-- For lists with a filter; each ends with the sort key.
CREATE INDEX order_records_by_customer ON order_records (customer, id);
CREATE INDEX order_records_by_state ON order_records (state, id);

-- What happened. AUTOINCREMENT: a sequence number is never used twice, not even
-- after the last rows were swept.
CREATE TABLE order_events (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL, -- nanoseconds since 1970
    change TEXT    NOT NULL,
    data   TEXT    NOT NULL  -- JSON: the whole, as it was right afterwards
) STRICT;

-- Requests that were answered, so that a repeated one gets the same answer: the
-- data of the event it led to.
CREATE TABLE order_requests (
    seq        INTEGER PRIMARY KEY, -- of that event
    at         INTEGER NOT NULL,    -- nanoseconds since 1970
    caller     TEXT    NOT NULL,
    request_id BLOB    NOT NULL,
    content    TEXT    NOT NULL,    -- canonical text of what was asked for
    UNIQUE (caller, request_id)
) STRICT;
--{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
