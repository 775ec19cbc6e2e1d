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
--{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
