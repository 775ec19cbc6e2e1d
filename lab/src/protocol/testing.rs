//! `grpc.testing.TestService`, as the description of the interoperability tests
//! has it.

use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::{BinaryMetadataValue, MetadataMap};
use tonic::{Code, Request, Response, Status, Streaming};

use super::ending::Ending;
use super::proto::grpc::testing as pb;

const INITIAL: &str = "x-grpc-test-echo-initial";
const TRAILING: &str = "x-grpc-test-echo-trailing-bin";

/// Answers as asked.
#[derive(Debug, Clone)]
pub(super) struct Testing;

type Outputs = Pin<Box<dyn Stream<Item = Result<pb::StreamingOutputCallResponse, Status>> + Send>>;

/// So many zeros.
fn payload(size: i32) -> Result<Option<pb::Payload>, Status> {
    let size = usize::try_from(size)
        .map_err(|_| Status::invalid_argument("a size is negative: ask for zero bytes or more"))?;
    let body = vec![0; size];
    Ok(Some(pb::Payload { r#type: 0, body }))
}

/// The status that a caller asks for, if it is an error.
fn asked(status: Option<pb::EchoStatus>) -> Result<(), Status> {
    match status {
        Some(status) if status.code != 0 => Err(Status::new(status.code.into(), status.message)),
        _ => Ok(()),
    }
}

/// Gives back what the tests send as metadata: the first as a header, the
/// second as a trailer.
fn echo<T>(metadata: &MetadataMap, response: &mut Response<T>) -> Option<BinaryMetadataValue> {
    if let Some(value) = metadata.get(INITIAL) {
        response.metadata_mut().insert(INITIAL, value.clone());
    }
    metadata.get_bin(TRAILING).cloned()
}

fn ok(trailing: BinaryMetadataValue) -> Status {
    let mut status = Status::new(Code::Ok, "");
    status.metadata_mut().insert_bin(TRAILING, trailing);
    status
}

async fn send(
    parameters: Vec<pb::ResponseParameters>,
    sender: &mpsc::Sender<Result<pb::StreamingOutputCallResponse, Status>>,
) -> Result<(), Status> {
    for it in parameters {
        if let Ok(pause @ 1..) = u64::try_from(it.interval_us) {
            tokio::time::sleep(Duration::from_micros(pause)).await;
        }
        let payload = payload(it.size)?;
        let sent = sender.send(Ok(pb::StreamingOutputCallResponse { payload }));
        sent.await.map_err(|_| Status::cancelled("nobody reads"))?;
    }
    Ok(())
}

#[tonic::async_trait]
impl pb::test_service_server::TestService for Testing {
    type StreamingOutputCallStream = Outputs;
    type FullDuplexCallStream = Outputs;

    async fn empty_call(&self, _: Request<pb::Empty>) -> Result<Response<pb::Empty>, Status> {
        Ok(Response::new(pb::Empty {}))
    }

    async fn unary_call(
        &self,
        request: Request<pb::SimpleRequest>,
    ) -> Result<Response<pb::SimpleResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        asked(request.response_status)?;
        let payload = payload(request.response_size)?;
        let mut response = Response::new(pb::SimpleResponse { payload });
        if let Some(trailing) = echo(&metadata, &mut response) {
            response.extensions_mut().insert(Ending(ok(trailing)));
        }
        Ok(response)
    }

    async fn streaming_output_call(
        &self,
        request: Request<pb::StreamingOutputCallRequest>,
    ) -> Result<Response<Outputs>, Status> {
        let (sender, receiver) = mpsc::channel(1);
        let parameters = request.into_inner().response_parameters;
        tokio::spawn(async move {
            if let Err(status) = send(parameters, &sender).await {
                let _ = sender.send(Err(status)).await;
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn streaming_input_call(
        &self,
        request: Request<Streaming<pb::StreamingInputCallRequest>>,
    ) -> Result<Response<pb::StreamingInputCallResponse>, Status> {
        let mut requests = request.into_inner();
        let mut size = 0;
        while let Some(request) = requests.message().await? {
            size += request.payload.map_or(0, |it| it.body.len());
        }
        let aggregated_payload_size = i32::try_from(size)
            .map_err(|_| Status::out_of_range("all payloads have more than 2 GiB: send less"))?;
        Ok(Response::new(pb::StreamingInputCallResponse {
            aggregated_payload_size,
        }))
    }

    async fn full_duplex_call(
        &self,
        request: Request<Streaming<pb::StreamingOutputCallRequest>>,
    ) -> Result<Response<Outputs>, Status> {
        let (sender, receiver) = mpsc::channel(1);
        let outputs: Outputs = Box::pin(ReceiverStream::new(receiver));
        let mut response = Response::new(outputs);
        let trailing = echo(request.metadata(), &mut response);
        let mut requests = request.into_inner();
        tokio::spawn(async move {
            let exchanged = async {
                while let Some(request) = requests.message().await? {
                    asked(request.response_status)?;
                    send(request.response_parameters, &sender).await?;
                }
                trailing.map_or(Ok(()), |trailing| Err(ok(trailing)))
            };
            if let Err(status) = exchanged.await {
                let _ = sender.send(Err(status)).await;
            }
        });
        Ok(response)
    }
}
