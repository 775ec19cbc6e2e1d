//! What an rpc answers until somebody writes it.

use tonic::{Code, Status};

use crate::status;

/// The reason in the answer's `ErrorInfo`.
const REASON: &str = "NOT_WRITTEN";

/// `UNIMPLEMENTED`, which names the file to edit (`file!()`). `path` is the rpc's,
/// `package.Service/Rpc`; the domain of the answer's `ErrorInfo` is its package.
#[must_use]
pub fn unwritten(path: &str, file: &str) -> Status {
    let (service, rpc) = path.rsplit_once('/').unwrap_or((status::DOMAIN, path));
    let domain = service
        .rsplit_once('.')
        .map_or(service, |(package, _)| package);
    status::error(
        Code::Unimplemented,
        domain,
        REASON,
        &format!("{rpc} is still to be written: edit {file}"),
    )
}

#[cfg(test)]
mod tests {
    use tonic_types::StatusExt as _;

    use super::*;

    #[test]
    fn the_reason_is_of_the_service_s_own_domain() {
        for (path, domain, rpc) in [
            (
                "shop.cart.v1.CartService/GetCart",
                "shop.cart.v1",
                "GetCart",
            ),
            ("Bare/Get", "Bare", "Get"),
            ("Get", status::DOMAIN, "Get"),
        ] {
            let status = unwritten(path, "src/services/cart.rs");
            assert_eq!(
                status.message(),
                format!("{rpc} is still to be written: edit src/services/cart.rs")
            );
            let info = status.get_details_error_info();
            let info = info.map(|it| (it.domain, it.reason));
            assert_eq!(info, Some((domain.to_owned(), REASON.to_owned())));
        }
    }
}
