//{% capture source %}§{% raw %}
//! The trace of the call that this task works for.

use crate::order::event::Trace;

/// What an event is to keep of it, if events are to be `published`: nobody else
/// asks, and it has a price.
pub(super) fn current(published: bool) -> Option<Trace> {
    let current = published.then(chassis::telemetry::trace::current)??;
    Some(Trace {
        parent: current.parent,
        state: current.state,
    })
}

/// From columns.
pub(super) fn of(parent: Option<&str>, state: Option<&str>) -> Option<Trace> {
    Some(Trace {
        parent: parent?.to_owned(),
        state: state.unwrap_or_default().to_owned(),
    })
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
