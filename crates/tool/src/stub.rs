//! An rpc that is still to be written.

use crate::generated::{Rpc, Service};

/// In a file of this crate's making, which imports what it names.
pub(crate) fn short(rpc: &Rpc, service: &Service) -> String {
    text(rpc, service, ["", "", "crate::proto"], true)
}

/// In a file that somebody wrote: nothing is taken as imported.
pub(crate) fn full(rpc: &Rpc, service: &Service) -> String {
    text(
        rpc,
        service,
        ["tonic::", "chassis::boot::", "crate::proto"],
        false,
    )
}

fn text(rpc: &Rpc, service: &Service, [tonic, boot, proto]: [&str; 3], pb: bool) -> String {
    let package: &[String] = if pb { &service.package } else { &[] };
    let write = |ty: &crate::generated::Type| {
        let text = ty.text(proto, package);
        // Only the package's own types have the short name.
        if pb {
            text
        } else {
            text.replace("pb::", &format!("{proto}::"))
        }
    };
    let (request, response) = (write(&rpc.request), write(&rpc.response));
    let request = if rpc.client_streaming {
        format!("{tonic}Streaming<{request}>")
    } else {
        request
    };
    let (stream, answer) = match &rpc.stream {
        Some(stream) => (
            format!("    type {stream} = tonic::codegen::BoxStream<{response}>;\n\n"),
            format!("Self::{stream}"),
        ),
        None => (String::new(), response),
    };
    format!(
        "{stream}    async fn {}(&self, _request: {tonic}Request<{request}>) -> \
         Result<{tonic}Response<{answer}>, {tonic}Status> {{\n        \
         Err({boot}unwritten(\"{}\", file!()))\n    }}\n",
        rpc.ident, rpc.name
    )
}
