--{% capture source %}{% raw %}
-- What a relay needs to publish events, at least once and in sequence.

-- The trace of the call that made an event; NULL where it was not kept.
ALTER TABLE order_events ADD COLUMN traceparent TEXT;
ALTER TABLE order_events ADD COLUMN tracestate TEXT;

-- Up to which event all were published elsewhere; no row before the first.
CREATE TABLE order_published (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL
) STRICT;
--{% endraw %}{% endcapture %}{{ source | append: "<end>" | remove: "--<end>" | remove: "<end>" | lstrip | remove_first: "--" | replace: "order_by", new_order_by | replace: "order-service", new_project | replace: "orders", new_plural | replace: "Orders", new_plural_pascal | replace: "order", new_resource | replace: "Order", new_resource_pascal | replace: "acme", new_organisation | remove: guard | rstrip }}
