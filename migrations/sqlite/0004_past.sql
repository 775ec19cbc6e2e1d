--{% capture source %}{% raw %}
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
--{% endraw %}{% endcapture %}{{ source | append: "<end>" | remove: "--<end>" | remove: "<end>" | lstrip | remove_first: "--" | replace: "order_by", new_order_by | replace: "order-service", new_project | replace: "orders", new_plural | replace: "Orders", new_plural_pascal | replace: "order", new_resource | replace: "Order", new_resource_pascal | replace: "acme", new_organisation | remove: guard | rstrip }}
