//! Requests that break a rule of the .proto end where they are decoded: with
//! `INVALID_ARGUMENT`, reason `INVALID_FIELDS` and every violation.

use std::collections::HashMap;
use std::marker::PhantomData;

use chassis_validate::{Found, Validate, validate};
use prost::Message;
use tonic::codec::{self, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Code, Status};
use tonic_prost::ProstDecoder;
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

/// Most violations that an error lists: details travel in a header, and some
/// clients accept only 8 KiB of them.
pub const MOST_VIOLATIONS: usize = 40;

/// As tonic's codec of protobuf, but what it decodes is checked. A server's: of
/// a stream it ends the call at the message that is wrong.
#[derive(Debug, Clone)]
pub struct Codec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Codec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> codec::Codec for Codec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Validate + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = SizedEncoder<T>;
    type Decoder = ValidatedDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        SizedEncoder(PhantomData)
    }

    fn decoder(&mut self) -> Self::Decoder {
        ValidatedDecoder(ProstDecoder::default())
    }
}

/// Encodes into room that was made once: a buffer that doubles as it grows leaves
/// holes in the memory behind it.
#[derive(Debug, Clone)]
pub struct SizedEncoder<T>(PhantomData<T>);

impl<T: Message> Encoder for SizedEncoder<T> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, message: T, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.reserve(message.encoded_len());
        // Its size is known, and is not counted again.
        message.encode_raw(into);
        Ok(())
    }
}

/// Decodes and checks.
#[derive(Debug, Clone)]
pub struct ValidatedDecoder<U>(ProstDecoder<U>);

impl<U: Message + Default + Validate> Decoder for ValidatedDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let Some(message) = self.0.decode(source)? else {
            return Ok(None);
        };
        let found = validate(&message, MOST_VIOLATIONS);
        if found.is_empty() {
            Ok(Some(message))
        } else {
            Err(refusal(&found, U::PACKAGE))
        }
    }

    fn buffer_settings(&self) -> codec::BufferSettings {
        self.0.buffer_settings()
    }
}

/// The answer to a request with these violations; `domain` is the package of
/// its message.
#[cold]
fn refusal(found: &Found, domain: &str) -> Status {
    let mut fields: Vec<_> = (found.violations().iter())
        .map(|it| FieldViolation::new(it.path(), it.message.as_ref()))
        .collect();
    if let Some((path, why)) = found.failed() {
        fields.push(FieldViolation::new(
            path,
            format!("cannot be checked: {why}"),
        ));
    }
    if found.more() {
        fields.push(FieldViolation::new("...", "and more"));
    }
    invalid_fields(domain, fields)
}

/// `INVALID_ARGUMENT` with reason `INVALID_FIELDS` for what is wrong with a
/// request: the path of each field and what is allowed there. `domain` is that
/// of `ErrorInfo`.
#[must_use]
pub fn invalid_fields(domain: &str, fields: Vec<FieldViolation>) -> Status {
    let message = match fields.as_slice() {
        [only] if only.field.is_empty() => only.description.clone(),
        [only] => format!("{} {}", only.field, only.description),
        all => format!("{} fields are wrong: {}", all.len(), first_few(all)),
    };
    let mut details = ErrorDetails::new();
    details.set_error_info("INVALID_FIELDS", domain, HashMap::new());
    details.set_bad_request(fields);
    Status::with_error_details(Code::InvalidArgument, message, details)
}

/// The first few paths; the details hold all.
fn first_few(fields: &[FieldViolation]) -> String {
    let shown: Vec<_> = fields.iter().take(5).map(|it| it.field.as_str()).collect();
    let more = if fields.len() > shown.len() {
        ", …"
    } else {
        ""
    };
    shown.join(", ") + more
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use chassis_validate::{Field, Path, Rule, Subscript};
    use http_body_util::{BodyExt as _, Full};
    use tonic::server::Grpc;
    use tonic::{Request, Response, Streaming};
    use tonic_types::StatusExt as _;

    use super::*;

    /// Names, none of which may be empty.
    #[derive(Clone, PartialEq, prost::Message)]
    struct Names {
        #[prost(string, repeated, tag = "1")]
        names: Vec<String>,
    }

    impl Validate for Names {
        const PACKAGE: &'static str = "demo.v1";

        fn check(&self, at: &Path<'_>, found: &mut Found) {
            let names = at.field(&Field {
                number: 1,
                name: "names",
                kind: 9,
                key: 0,
                value: 0,
            });
            for (index, name) in self.names.iter().enumerate() {
                if name.is_empty() {
                    let rule = &Rule {
                        id: "string.min_len",
                        path: &[],
                        for_key: false,
                    };
                    found.add(&names.at(Subscript::Index(index)), rule, "is empty");
                }
                if found.is_full() {
                    break;
                }
            }
        }
    }

    fn framed(messages: &[&[&str]]) -> http::Request<Full<Bytes>> {
        let mut body = Vec::new();
        for names in messages {
            let names = names.iter().map(|it| (*it).to_owned()).collect();
            let message = Names { names }.encode_to_vec();
            body.push(0);
            body.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
            body.extend(message);
        }
        http::Request::new(Full::new(Bytes::from(body)))
    }

    /// What the handler of one message answers, which is how many names it saw.
    async fn unary(names: &[&str]) -> Result<(), Status> {
        async fn handler(request: Request<Names>) -> Result<Response<Names>, Status> {
            Err(Status::ok(request.get_ref().names.len().to_string()))
        }
        let mut server = Grpc::new(Codec::<Names, Names>::default());
        let service = tower::service_fn(handler);
        let response = server.unary(service, framed(&[names])).await;
        Err(Status::from_header_map(response.headers()).unwrap())
    }

    #[tokio::test]
    async fn a_handler_sees_only_what_is_right() {
        assert_eq!(unary(&["a", "b"]).await.unwrap_err().message(), "2");
        let refused = unary(&["a", "", "b", ""]).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(refused.message(), "2 fields are wrong: names[1], names[3]");
        let details = refused.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(
            (&*info.reason, &*info.domain),
            ("INVALID_FIELDS", "demo.v1")
        );
        let fields = &details.bad_request().unwrap().field_violations;
        let FieldViolation {
            field, description, ..
        } = &fields[0];
        assert_eq!((&**field, &**description), ("names[1]", "is empty"));
    }

    #[tokio::test]
    async fn so_many_are_told_and_that_there_are_more() {
        let refused = unary(&vec![""; 100_000]).await.unwrap_err();
        let details = refused.get_error_details();
        let fields = &details.bad_request().unwrap().field_violations;
        assert_eq!(fields.len(), MOST_VIOLATIONS + 1);
        let last = &fields[MOST_VIOLATIONS];
        assert_eq!((&*last.field, &*last.description), ("...", "and more"));
    }

    #[tokio::test]
    async fn each_message_of_a_stream_is_checked() {
        async fn handler(request: Request<Streaming<Names>>) -> Result<Response<Names>, Status> {
            let mut stream = request.into_inner();
            let mut names = Vec::new();
            while let Some(message) = stream.message().await? {
                names.extend(message.names);
            }
            Ok(Response::new(Names { names }))
        }
        let mut server = Grpc::new(Codec::<Names, Names>::default());
        let service = tower::service_fn(handler);
        let request = framed(&[&["a"], &[""], &["c"]]);
        let response = server.client_streaming(service, request).await;
        let refused = Status::from_header_map(response.headers()).unwrap();
        assert_eq!(refused.message(), "names[0] is empty");

        let mut server = Grpc::new(Codec::<Names, Names>::default());
        let service = tower::service_fn(handler);
        let response = server.client_streaming(service, framed(&[&["a"]])).await;
        let body = response.into_body().collect().await.unwrap();
        assert!(body.to_bytes().ends_with(b"a"));
    }
}
