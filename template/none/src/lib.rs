//{% capture source %}§{% raw %}
//! The service.
//!
//! - [`services`]: what is offered, one module per service
//! - [`state`]: what they share
//! - [`settings`]: every flag and variable
//! - [`proto`], [`contract`]: what the build made of the .proto files

pub mod contract;
pub mod proto;
pub mod services;
pub mod settings;
pub mod state;
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
