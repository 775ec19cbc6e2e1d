--{% capture source %}§{% raw %}
-- For lists of what a whole tenant has, which overseers see: its owners are called
-- `tenant/NAME OWNER`, and where the tenant itself owns, `tenant/NAME`. Who has no
-- tenants has nothing in these. Each ends with the sort key.
CREATE INDEX order_records_by_tenant
    ON order_records (split_part(owner, ' ', 1), id)
    WHERE substr(owner, 1, 7) = 'tenant/';
CREATE INDEX order_records_by_tenant_and_customer
    ON order_records (split_part(owner, ' ', 1), customer, id)
    WHERE substr(owner, 1, 7) = 'tenant/';
CREATE INDEX order_records_by_tenant_and_state
    ON order_records (split_part(owner, ' ', 1), state, id)
    WHERE substr(owner, 1, 7) = 'tenant/';
--{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
