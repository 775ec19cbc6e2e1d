//{% capture source %}§{% raw %}
//! The order service.
//!
//! - [`order`]: the domain, its adapters to gRPC and to tables
//! - [`inventory`]: the upstream that stock is reserved at
//:[nats]
//! - [`publish`]: what happens, as it is published
//:[/nats]
//! - [`settings`]: every flag and variable
//! - [`smoke`]: calls to a running server
//! - [`proto`], [`contract`]: what the build made of the .proto files

pub mod contract;
pub mod inventory;
pub mod order;
pub mod proto;
//:[nats]
pub mod publish;
//:[/nats]
pub mod settings;
pub mod smoke;
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
