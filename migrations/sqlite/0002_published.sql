--{% capture source %}§{% raw %}
-- What a relay needs to publish events, at least once and in sequence.

-- The trace of the call that made an event; NULL where it was not kept.
ALTER TABLE order_events ADD COLUMN traceparent TEXT;
ALTER TABLE order_events ADD COLUMN tracestate TEXT;

-- Up to which event all were published elsewhere; no row before the first.
CREATE TABLE order_published (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL
) STRICT;
--{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
