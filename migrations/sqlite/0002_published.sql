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
--{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
