//{% capture source %}§{% raw %}
//! What every server of a test is started with.

/// A machine that is busy with other tests must not look like overload.
pub(crate) const SETTINGS: [(&str, &str); 1] = [("MAX_QUEUE_DELAY", "1m")];
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
