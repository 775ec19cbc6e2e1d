//{% capture source %}§{% raw %}
//! `acme.order.v1.OrderService` as its callers see it.

use service::proto::acme::order::v1 as pb;
use tonic::Code;

use crate::helpers::Server;

#[tokio::test]
async fn say_hello() {
    let server = Server::start();
    let channel = server.channel().await;
    let mut client = pb::order_service_client::OrderServiceClient::new(channel);
    let request = |name: &str| pb::SayHelloRequest {
        name: name.to_owned(),
    };
    let answer = client.say_hello(request("Ada")).await.unwrap().into_inner();
    assert_eq!(answer.greeting, "Hello, Ada!");
    let refused = client.say_hello(request("")).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
