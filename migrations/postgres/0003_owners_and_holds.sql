--{% capture source %}§{% raw %}
-- Whose each one is; '' is nobody's, as is what was there before and what older
-- processes still write.
ALTER TABLE order_records ADD COLUMN owner TEXT NOT NULL DEFAULT '';

-- For lists of what is one's own; each ends with the sort key.
CREATE INDEX order_records_by_owner ON order_records (owner, id);
CREATE INDEX order_records_by_owner_and_customer ON order_records (owner, customer, id);
CREATE INDEX order_records_by_owner_and_state ON order_records (owner, state, id);

-- What is reserved may differ from what is needed: until the change that it is
-- for is stored, or somebody has settled it.
CREATE SEQUENCE order_tickets;
CREATE TABLE order_holds (
    id         UUID   PRIMARY KEY, -- for what
    ticket     BIGINT NOT NULL DEFAULT nextval('order_tickets'),
    at         BIGINT NOT NULL,    -- nanoseconds since 1970; 0: to be settled now
    caller     TEXT,               -- the request that it is for, if that has an id
    request_id UUID,
    content    TEXT,               -- JSON: what was asked for
    UNIQUE (caller, request_id)
);
CREATE INDEX order_holds_by_at ON order_holds (at);
--{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
