//! The adapter between gRPC and the use cases, as far as it is the same for every
//! resource: who asks, what is wrong with a request, how a failure is told.

mod decode;
pub mod packed;
mod requester;
mod status;
mod stream;
mod violations;

pub use decode::{MAX_PATHS, Mask};
pub use requester::{Naming, Overseers, Requesters};
pub use status::{Answers, LATER, SOON, etag, status};
pub use stream::{Responses, responses};
pub use violations::Violations;
