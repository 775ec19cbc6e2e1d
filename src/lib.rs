//{% capture source %}§{% raw %}
//! The order service.
//!
//! - [`order`]: the domain, its adapters to gRPC and to tables
//! - [`inventory`]: the upstream that stock is reserved at
//! - [`publish`]: what happens, as it is published
//! - [`settings`]: every flag and variable
//! - [`smoke`]: calls to a running server
//! - [`proto`], [`contract`]: what the build made of the .proto files

pub mod contract;
pub mod inventory;
pub mod order;
pub mod proto;
pub mod publish;
pub mod settings;
pub mod smoke;
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
