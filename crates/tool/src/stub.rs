//! An rpc that is still to be written.

use crate::generated::{Rpc, Service};

/// In a file of this crate's making, which imports what it names.
pub(crate) fn short(rpc: &Rpc, service: &Service) -> String {
    let body = unwritten("", rpc, service);
    text(rpc, service, ["", "crate::proto"], true, &body)
}

/// In a file that somebody wrote: nothing is taken as imported.
pub(crate) fn full(rpc: &Rpc, service: &Service) -> String {
    let body = unwritten("chassis::boot::", rpc, service);
    text(rpc, service, ["tonic::", "crate::proto"], false, &body)
}

/// In a test that stands in for an upstream; nothing is taken as imported.
pub(crate) fn stand_in(rpc: &Rpc, service: &Service) -> String {
    let body = format!(
        "Err(tonic::Status::unimplemented(\"the stand-in answers no {}\"))",
        rpc.name
    );
    text(rpc, service, ["tonic::", "service::proto"], false, &body)
}

fn unwritten(boot: &str, rpc: &Rpc, service: &Service) -> String {
    format!(
        "Err({boot}unwritten(\"{}/{}\", file!()))",
        service.name, rpc.name
    )
}

fn text(rpc: &Rpc, service: &Service, [tonic, proto]: [&str; 2], pb: bool, body: &str) -> String {
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
         Result<{tonic}Response<{answer}>, {tonic}Status> {{\n        {body}\n    }}\n",
        rpc.ident
    )
}
