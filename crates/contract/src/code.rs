//! Messages, clients and servers. A server's requests are checked by the rules
//! of the .proto before its handler sees them, each message of a stream too.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use prost_build::{Config, Service, ServiceGenerator};
use tonic_prost_build::Builder;

use crate::{Error, Protos};

/// What decodes a server's requests.
const CODEC: &str = "::chassis::validate::Codec";

/// Writes `out/proto.rs`, which has a module for each package, and the
/// validators; `builder` says how it is generated, less the folder.
///
/// # Errors
///
/// [`Error::Policy`] with every rule that is wrong, or if a file cannot be
/// written.
pub fn generate(protos: &Protos, builder: Builder, out: &Path) -> Result<(), Error> {
    let validators = protos.validators()?;
    let failed = |error| Error::Io(out.to_owned(), error);
    let mut config = Config::new();
    config.service_generator(Box::new(Both {
        client: builder.clone().build_server(false).service_generator(),
        server: builder
            .clone()
            .build_client(false)
            .codec_path(CODEC)
            .service_generator(),
    }));
    builder
        .build_client(false)
        .build_server(false)
        .out_dir(out)
        .include_file("proto.rs")
        .emit_rerun_if_changed(false)
        .compile_fds_with_config(protos.code(), config)
        .map_err(failed)?;
    let path = out.join("proto.rs");
    let file = OpenOptions::new().append(true).open(path);
    let mut file = file.map_err(failed)?;
    file.write_all(validators.as_bytes()).map_err(failed)
}

/// Clients take answers as they are, servers check requests.
struct Both {
    client: Box<dyn ServiceGenerator>,
    server: Box<dyn ServiceGenerator>,
}

impl ServiceGenerator for Both {
    fn generate(&mut self, service: Service, buf: &mut String) {
        self.client.generate(service.clone(), buf);
        self.server.generate(service, buf);
    }
}
