//! `connectrpc.conformance.v1.ConformanceService`: says what it was sent, and
//! answers as asked.

use std::pin::Pin;
use std::time::Duration;

use chassis::deadline;
use http::{HeaderMap, HeaderName, HeaderValue};
use prost::Message as _;
use prost_types::Any;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::pb::Status as Details;

use super::ending::Ending;
use super::proto::connectrpc::conformance::v1 as pb;
use pb::conformance_payload::RequestInfo;
use pb::unary_response_definition::Response as Asked;

/// Answers as asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Echo {
    /// A timeout from here on is no caller's: a gateway gives each call one of its
    /// own, where the caller gave none.
    pub(super) of_the_gateway: Duration,
}

/// Where the suite's messages are named.
const PACKAGE: &str = "type.googleapis.com/connectrpc.conformance.v1";

fn any(name: &str, message: &impl prost::Message) -> Any {
    Any {
        type_url: format!("{PACKAGE}.{name}"),
        value: message.encode_to_vec(),
    }
}

impl Echo {
    /// What came with a call.
    fn info(self, metadata: &MetadataMap, requests: Vec<Any>) -> RequestInfo {
        let headers = metadata.clone().into_headers();
        let timeout = deadline::parse(&headers).ok().flatten();
        let timeout = timeout.filter(|it| *it < self.of_the_gateway);
        let named = |name: &HeaderName| pb::Header {
            name: name.to_string(),
            value: (headers.get_all(name).iter())
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                .collect(),
        };
        RequestInfo {
            request_headers: headers.keys().map(named).collect(),
            timeout_ms: timeout.and_then(|it| i64::try_from(it.as_millis()).ok()),
            requests,
        }
    }
}

/// Headers as metadata.
fn metadata(headers: &[pb::Header]) -> Result<MetadataMap, Status> {
    let wrong = |what: &str| {
        Status::invalid_argument(format!(
            "{what:?} is no header's name or value: ask for another"
        ))
    };
    let mut map = HeaderMap::new();
    for header in headers {
        let name = HeaderName::try_from(&header.name).map_err(|_| wrong(&header.name))?;
        for value in &header.value {
            let value = HeaderValue::try_from(value).map_err(|_| wrong(value))?;
            map.append(&name, value);
        }
    }
    Ok(MetadataMap::from_headers(map))
}

/// The status that is asked for, `more` with its details, and these trailers.
fn status(
    error: Option<pb::Error>,
    more: Option<RequestInfo>,
    trailers: &[pb::Header],
) -> Result<Status, Status> {
    let trailers = metadata(trailers)?;
    let Some(mut error) = error else {
        let (code, none) = (Code::Ok, bytes::Bytes::new());
        return Ok(Status::with_details_and_metadata(code, "", none, trailers));
    };
    (error.details).extend(more.map(|it| any("ConformancePayload.RequestInfo", &it)));
    let message = error.message.unwrap_or_default();
    let details = if error.details.is_empty() {
        Vec::new()
    } else {
        Details {
            code: error.code,
            message: message.clone(),
            details: error.details,
        }
        .encode_to_vec()
    };
    let code = Code::from(error.code);
    Ok(Status::with_details_and_metadata(
        code,
        message,
        details.into(),
        trailers,
    ))
}

async fn pause(millis: u32) {
    if millis > 0 {
        tokio::time::sleep(Duration::from_millis(millis.into())).await;
    }
}

/// Answers with one message, or fails, as asked.
async fn unary<T>(
    asked: Option<pb::UnaryResponseDefinition>,
    info: RequestInfo,
    wrap: impl FnOnce(Option<pb::ConformancePayload>) -> T,
) -> Result<Response<T>, Status> {
    let asked = asked.unwrap_or_default();
    pause(asked.response_delay_ms).await;
    let (data, error, more) = match asked.response {
        Some(Asked::ResponseData(data)) => (data, None, None),
        Some(Asked::Error(error)) => (Vec::new(), Some(error), Some(info.clone())),
        None => (Vec::new(), None, None),
    };
    let ending = status(error, more, &asked.response_trailers)?;
    let request_info = Some(info);
    let mut response = Response::new(wrap(Some(pb::ConformancePayload { data, request_info })));
    *response.metadata_mut() = metadata(&asked.response_headers)?;
    response.extensions_mut().insert(Ending(ending));
    Ok(response)
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Where a stream's messages are put in.
type Sender<T> = mpsc::Sender<Result<T, Status>>;

/// A stream that is sent by somebody else, beginning with these headers.
fn stream<T: Send + 'static>(
    asked: &pb::StreamResponseDefinition,
) -> Result<(Sender<T>, Response<Answers<T>>), Status> {
    let (sender, receiver) = mpsc::channel(1);
    let answers: Answers<T> = Box::pin(ReceiverStream::new(receiver));
    let mut response = Response::new(answers);
    *response.metadata_mut() = metadata(&asked.response_headers)?;
    Ok((sender, response))
}

/// What is still to be sent of a stream.
struct Script<T> {
    asked: pb::StreamResponseDefinition,
    /// What is told with the first message, or with an error in its place.
    info: Option<RequestInfo>,
    sent: usize,
    sender: Sender<T>,
    wrap: fn(Option<pb::ConformancePayload>) -> T,
}

impl<T> Script<T> {
    /// Sends the next message, if one is left.
    async fn next(&mut self) -> bool {
        let Some(data) = self.asked.response_data.get(self.sent).cloned() else {
            return false;
        };
        pause(self.asked.response_delay_ms).await;
        let request_info = self.info.take();
        let payload = Some(pb::ConformancePayload { data, request_info });
        self.sent += 1;
        self.sender.send(Ok((self.wrap)(payload))).await.is_ok()
    }

    /// Sends the rest and how it ends.
    async fn finish(mut self) {
        while self.next().await {}
        let info = self.info.take().filter(|_| self.sent == 0);
        let ending = status(self.asked.error, info, &self.asked.response_trailers);
        let (Ok(ending) | Err(ending)) = ending;
        let _ = self.sender.send(Err(ending)).await;
    }
}

#[tonic::async_trait]
impl pb::conformance_service_server::ConformanceService for Echo {
    type ServerStreamStream = Answers<pb::ServerStreamResponse>;
    type BidiStreamStream = Answers<pb::BidiStreamResponse>;

    async fn unary(
        &self,
        request: Request<pb::UnaryRequest>,
    ) -> Result<Response<pb::UnaryResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        let info = self.info(&metadata, vec![any("UnaryRequest", &request)]);
        let wrap = |payload| pb::UnaryResponse { payload };
        unary(request.response_definition, info, wrap).await
    }

    async fn idempotent_unary(
        &self,
        request: Request<pb::IdempotentUnaryRequest>,
    ) -> Result<Response<pb::IdempotentUnaryResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        let info = self.info(&metadata, vec![any("IdempotentUnaryRequest", &request)]);
        let wrap = |payload| pb::IdempotentUnaryResponse { payload };
        unary(request.response_definition, info, wrap).await
    }

    async fn client_stream(
        &self,
        request: Request<Streaming<pb::ClientStreamRequest>>,
    ) -> Result<Response<pb::ClientStreamResponse>, Status> {
        let (metadata, _, mut stream) = request.into_parts();
        let (mut asked, mut requests) = (None, Vec::new());
        while let Some(request) = stream.message().await? {
            requests.push(any("ClientStreamRequest", &request));
            if requests.len() == 1 {
                asked = request.response_definition;
            }
        }
        let wrap = |payload| pb::ClientStreamResponse { payload };
        unary(asked, self.info(&metadata, requests), wrap).await
    }

    async fn server_stream(
        &self,
        request: Request<pb::ServerStreamRequest>,
    ) -> Result<Response<Self::ServerStreamStream>, Status> {
        let (metadata, _, request) = request.into_parts();
        let info = self.info(&metadata, vec![any("ServerStreamRequest", &request)]);
        let asked = request.response_definition.unwrap_or_default();
        let (sender, response) = stream(&asked)?;
        let script = Script {
            asked,
            info: Some(info),
            sent: 0,
            sender,
            wrap: |payload| pb::ServerStreamResponse { payload },
        };
        tokio::spawn(script.finish());
        Ok(response)
    }

    async fn bidi_stream(
        &self,
        request: Request<Streaming<pb::BidiStreamRequest>>,
    ) -> Result<Response<Self::BidiStreamStream>, Status> {
        let (metadata, _, mut requests) = request.into_parts();
        let first = requests.message().await?.unwrap_or_default();
        let asked = first.response_definition.clone().unwrap_or_default();
        let (sender, response) = stream(&asked)?;
        let mut script = Script {
            asked,
            info: None,
            sent: 0,
            sender,
            wrap: |payload| pb::BidiStreamResponse { payload },
        };
        let echo = *self;
        tokio::spawn(async move {
            let (full_duplex, mut next) = (first.full_duplex, Some(first));
            let mut seen = Vec::new();
            while let Some(request) = next {
                seen.push(any("BidiStreamRequest", &request));
                if full_duplex {
                    let requests = std::mem::take(&mut seen);
                    script.info = Some(if script.sent == 0 {
                        echo.info(&metadata, requests)
                    } else {
                        RequestInfo {
                            requests,
                            ..RequestInfo::default()
                        }
                    });
                    if !script.next().await {
                        break;
                    }
                }
                next = match requests.message().await {
                    Ok(next) => next,
                    Err(status) => {
                        let _ = script.sender.send(Err(status)).await;
                        return;
                    }
                };
            }
            if !full_duplex {
                script.info = Some(echo.info(&metadata, seen));
            }
            script.finish().await;
        });
        Ok(response)
    }
}
