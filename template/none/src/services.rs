//{% capture source %}§{% raw %}
//! What is offered: one module per service.

use chassis::boot::Boot;

use crate::state::State;

/// Adds each service to the server; `state` is what they share.
#[must_use]
#[allow(clippy::too_many_lines, reason = "as many as there are services")]
pub fn add<'a>(boot: Boot<'a>, state: &State) -> Boot<'a> {
    boot
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
