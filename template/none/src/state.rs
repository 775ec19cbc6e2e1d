//{% capture source %}§{% raw %}
//! What the handlers share.

use std::sync::Arc;

use crate::settings::Settings;

/// What is opened once, when the server starts: upstreams, a store. Each handler
/// has a clone, which is cheap.
#[derive(Debug, Clone)]
pub struct State {
    /// Every flag and variable.
    pub settings: Arc<Settings>,
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
