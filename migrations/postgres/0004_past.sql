--{% capture source %}§{% raw %}
-- An event says only what changed; the rest of it as it was right afterwards stands
-- in the record or, if it was replaced since, among what is past. So does the answer
-- to a request.

-- Of what, and what it became. Events from before have none of it and all in
-- their data, which is NULL from now on.
ALTER TABLE order_events ALTER COLUMN data DROP NOT NULL;
ALTER TABLE order_events ADD COLUMN id UUID;
ALTER TABLE order_events ADD COLUMN version BIGINT;
ALTER TABLE order_events ADD COLUMN state TEXT;

-- What was replaced, as long as events before that are kept.
CREATE TABLE order_past (
    id    UUID   NOT NULL,
    part  TEXT   NOT NULL, -- the column of the record
    until BIGINT NOT NULL, -- the last version that had it
    value JSON   NOT NULL,
    PRIMARY KEY (id, part, until)
);

-- Requests from before have their answer, which is NULL from now on.
ALTER TABLE order_requests ALTER COLUMN digest DROP NOT NULL;
ALTER TABLE order_requests ALTER COLUMN data DROP NOT NULL;
CREATE INDEX order_requests_by_id ON order_requests (id);

-- About how much is stored: the text of all of it, and 200 bytes for each row with
-- its place in the indexes. Moved on with the last event; tables themselves do not
-- say what in them is free.
ALTER TABLE order_clock ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0;
UPDATE order_clock SET bytes =
    (SELECT coalesce(sum(octet_length(note::text) + octet_length(items::text) + 200), 0)
        FROM order_records) +
    (SELECT coalesce(sum(octet_length(data::text) + 200), 0) FROM order_events) +
    (SELECT coalesce(sum(octet_length(data::text) + 200), 0) FROM order_requests);
--{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
