//{% capture source %}§{% raw %}
//! `acme.order.v1.OrderService`: what its rpcs do.

use tonic::{Request, Response, Status};

use crate::proto::acme::order::v1 as pb;
use crate::state::State;

/// Carries out the rpcs of `acme.order.v1.OrderService`.
#[derive(Debug, Clone)]
pub struct Api {
    /// What it shares with others.
    pub state: State,
}

#[tonic::async_trait]
impl pb::order_service_server::OrderService for Api {
    async fn say_hello(
        &self,
        request: Request<pb::SayHelloRequest>,
    ) -> Result<Response<pb::SayHelloResponse>, Status> {
        let name = request.into_inner().name;
        if name.is_empty() {
            return Err(Status::invalid_argument("name is empty: say whom to greet"));
        }
        let greeting = format!("Hello, {name}!");
        Ok(Response::new(pb::SayHelloResponse { greeting }))
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
