//{% capture source %}§{% raw %}
//! The gateway: what it exposes is named in `proto/offered.conf`, what of it is REST
//! says `google.api.http` in the .proto files.
//!
//! - [`settings`]: every flag and variable
//! - [`contract`]: what the build made of the .proto files

pub mod contract;
pub mod settings;

use chassis::boot::Program;
use chassis_gateway::Gateway;

/// Everything that the build made of the .proto files.
pub const GATEWAY: Gateway = Gateway {
    program: Program {
        build: chassis::build_info!(),
        services: contract::SERVICES,
        descriptors: include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin")),
    },
    api: include_bytes!(concat!(env!("OUT_DIR"), "/api.bin")),
};
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
