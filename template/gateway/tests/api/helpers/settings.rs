//{% capture source %}§{% raw %}
//! What every server of a test is started with.

/// None: a gateway refuses no call for how long others waited.
pub(crate) const SETTINGS: [(&str, &str); 0] = [];
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
