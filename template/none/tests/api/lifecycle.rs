//{% capture source %}§{% raw %}
//! From start to end.

use crate::helpers::{Server, command};

#[tokio::test]
async fn it_serves_what_it_offers_and_ends_when_asked() {
    let server = Server::start();
    let endpoint = format!("http://{}", server.grpc);
    let smoke = command().args(["smoke", "--endpoint", &endpoint]).output();
    let smoke = smoke.unwrap();
    let said = String::from_utf8_lossy(&smoke.stdout).into_owned();
    assert!(smoke.status.success(), "{smoke:?}");
    for service in service::contract::SERVICES {
        assert!(said.contains(service.name), "{said}");
    }
    server.stop().await;
}

#[test]
fn what_is_derived_says_what_the_proto_says() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let stale = contract::files::stale(root).unwrap();
    let stale: Vec<_> = stale.iter().map(|(path, _)| path.display()).collect();
    assert!(stale.is_empty(), "run `cargo contract`: {stale:?}");
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
