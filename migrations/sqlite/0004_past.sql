--{% capture source %}§{% raw %}
-- An event says only what changed; the rest of it as it was right afterwards stands
-- in the record or, if it was replaced since, among what is past.

-- Of what, and what it became. Events from before have none of it and all in
-- their data, which is empty from now on.
ALTER TABLE order_events ADD COLUMN id BLOB;
ALTER TABLE order_events ADD COLUMN version INTEGER;
ALTER TABLE order_events ADD COLUMN state TEXT;

-- What was replaced, as long as events before that are kept.
CREATE TABLE order_past (
    id    BLOB    NOT NULL,
    part  TEXT    NOT NULL, -- the column of the record
    until INTEGER NOT NULL, -- the last version that had it
    value TEXT    NOT NULL,
    PRIMARY KEY (id, part, until)
) STRICT, WITHOUT ROWID;
--{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
