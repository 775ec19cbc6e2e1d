--{% capture source %}{% raw %}
-- Whose each one is; '' is nobody's, as is what was there before and what older
-- processes still write.
ALTER TABLE order_records ADD COLUMN owner TEXT NOT NULL DEFAULT '';

-- For lists of what is one's own; each ends with the sort key.
CREATE INDEX order_records_by_owner ON order_records (owner, id);
CREATE INDEX order_records_by_owner_and_customer ON order_records (owner, customer, id);
CREATE INDEX order_records_by_owner_and_state ON order_records (owner, state, id);
--{% endraw %}{% endcapture %}{{ source | append: "<end>" | remove: "--<end>" | remove: "<end>" | lstrip | remove_first: "--" | replace: "order_by", new_order_by | replace: "order-service", new_project | replace: "orders", new_plural | replace: "Orders", new_plural_pascal | replace: "order", new_resource | replace: "Order", new_resource_pascal | replace: "acme", new_organisation | remove: guard | rstrip }}
