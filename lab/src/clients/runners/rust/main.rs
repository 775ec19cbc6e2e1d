//! Carries out the scenarios with the crate: runner SETUP

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use order_service_client::api::acme::order::v1 as pb;
use order_service_client::{Channel, Connection, reason, resume, violations};
use pb::order_service_client::OrderServiceClient;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::Value;
use tonic::{Request, Response, Status};

type Stub = OrderServiceClient<Channel>;
type Outcome<T = ()> = Result<T, String>;

struct Runner {
    pool: DescriptorPool,
    plain: Stub,
    silent: Stub,
    anonymous: Stub,
}

#[tokio::main]
async fn main() {
    let path = std::env::args().nth(1).expect("SETUP");
    let setup: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let descriptors = std::fs::read(setup["descriptors"].as_str().unwrap()).unwrap();
    let token = setup["token"].as_str();
    let runner = Runner {
        pool: DescriptorPool::decode(&*descriptors).unwrap(),
        plain: reach(&setup, "address", token),
        silent: reach(&setup, "silent", token),
        anonymous: reach(&setup, "address", None),
    };
    for scenario in setup["scenarios"].as_array().unwrap() {
        let name = scenario["name"].as_str().unwrap();
        match runner.run(scenario).await {
            Ok(()) => println!("ok {name}"),
            Err(why) => println!("FAIL {name}: {}", why.replace('\n', " ")),
        }
    }
}

fn reach(setup: &Value, address: &str, token: Option<&str>) -> Stub {
    let connection = Connection::to(setup[address].as_str().unwrap());
    let connection = match setup["authority"].as_str() {
        Some(pem) => connection.authority(pem),
        None => connection.plaintext(),
    };
    let connection = match token.map(str::to_owned) {
        Some(token) => connection.token(move || token.clone()),
        None => connection,
    };
    connection.open().unwrap().order_service()
}

impl Runner {
    async fn run(&self, scenario: &Value) -> Outcome {
        let mut saved =
            HashMap::from([("request_id".to_owned(), uuid::Uuid::new_v4().to_string())]);
        for step in scenario["steps"].as_array().unwrap() {
            if !step["watch"].is_null() {
                self.watch(step).await?;
                continue;
            }
            let stub = match (&step["silent"], &step["anonymous"]) {
                (Value::Bool(true), _) => &self.silent,
                (_, Value::Bool(true)) => &self.anonymous,
                _ => &self.plain,
            };
            let end = Instant::now() + millis(&step["for_ms"]).unwrap_or_default();
            loop {
                self.call(stub, step, &mut saved).await?;
                if Instant::now() >= end {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The request of a step, as its message.
    fn made<T: Message + Default>(&self, rpc: &str, request: &Value) -> Outcome<T> {
        let name = format!("acme.order.v1.{rpc}Request");
        let descriptor = self.pool.get_message_by_name(&name).ok_or(name)?;
        let message =
            DynamicMessage::deserialize(descriptor, request).map_err(|it| it.to_string())?;
        T::decode(&*message.encode_to_vec()).map_err(|it| it.to_string())
    }

    fn json(&self, name: &str, message: &impl Message) -> Outcome<Value> {
        let descriptor = self.pool.get_message_by_name(name).ok_or(name)?;
        let message = DynamicMessage::decode(descriptor, &*message.encode_to_vec());
        let message = message.map_err(|it| it.to_string())?;
        serde_json::to_value(&message).map_err(|it| it.to_string())
    }

    async fn call(
        &self,
        stub: &Stub,
        step: &Value,
        saved: &mut HashMap<String, String>,
    ) -> Outcome {
        let rpc = step["call"].as_str().unwrap();
        let text = filled(&step["request"].to_string(), saved);
        let request: Value = serde_json::from_str(&text).unwrap();
        let sending = self.send(stub.clone(), rpc, &request, step);
        let sent = match millis(&step["cancel_ms"]) {
            // A call that nobody waits for is cancelled.
            Some(after) => match tokio::time::timeout(after, sending).await {
                Ok(sent) => sent?,
                Err(_) => Err(Status::cancelled("given up")),
            },
            None => sending.await?,
        };
        let wanted = step["code"].as_str().unwrap_or("OK");
        let code = sent.as_ref().err().map_or("OK", |it| named(it.code()));
        if code != wanted {
            return Err(format!("{rpc} ended with {code} {:?}", sent.err()));
        }
        let response = match sent {
            Ok(response) => response,
            Err(error) => return judged(&error, step),
        };
        let said = response.get_ref();
        for (path, value) in step["equal"].as_object().into_iter().flatten() {
            let wanted = match value {
                Value::String(text) => Value::String(filled(text, saved)),
                other => other.clone(),
            };
            if *at(said, path) != wanted {
                return Err(format!("{path} is {}, not {wanted}", at(said, path)));
            }
        }
        for (name, value) in step["headers"].as_object().into_iter().flatten() {
            let found = response
                .metadata()
                .get(name)
                .and_then(|it| it.to_str().ok());
            if found != value.as_str() {
                return Err(format!("header {name} is {found:?}"));
            }
        }
        for (name, path) in step["save"].as_object().into_iter().flatten() {
            let found = at(said, path.as_str().unwrap())
                .as_str()
                .unwrap_or_default();
            saved.insert(name.clone(), found.to_owned());
        }
        Ok(())
    }

    /// What a program would write for each rpc it calls.
    async fn send(
        &self,
        mut stub: Stub,
        rpc: &str,
        request: &Value,
        step: &Value,
    ) -> Outcome<Result<Response<Value>, Status>> {
        let (name, sent) = match rpc {
            "CreateOrder" => {
                let mut request: pb::CreateOrderRequest = self.made(rpc, request)?;
                if let (Some(pad), Some(order)) = (step["pad"].as_u64(), &mut request.order) {
                    let pad = usize::try_from(pad).unwrap();
                    order.note = "x".repeat(pad);
                    let excess = request.encoded_len() - pad;
                    request.order.as_mut().unwrap().note.truncate(pad - excess);
                }
                (
                    "Order",
                    stub.create_order(with(request, step))
                        .await
                        .map(Answer::Order),
                )
            }
            "GetOrder" => {
                let request: pb::GetOrderRequest = self.made(rpc, request)?;
                (
                    "Order",
                    stub.get_order(with(request, step)).await.map(Answer::Order),
                )
            }
            "UpdateOrder" => {
                let request: pb::UpdateOrderRequest = self.made(rpc, request)?;
                (
                    "Order",
                    stub.update_order(with(request, step))
                        .await
                        .map(Answer::Order),
                )
            }
            "ListOrders" => {
                let request: pb::ListOrdersRequest = self.made(rpc, request)?;
                let sent = stub.list_orders(with(request, step)).await;
                ("ListOrdersResponse", sent.map(Answer::Orders))
            }
            other => return Err(format!("{other} is not known")),
        };
        let name = format!("acme.order.v1.{name}");
        Ok(match sent {
            Ok(Answer::Order(it)) => Ok(shown(&it, self.json(&name, it.get_ref())?)),
            Ok(Answer::Orders(it)) => Ok(shown(&it, self.json(&name, it.get_ref())?)),
            Err(error) => Err(error),
        })
    }

    async fn watch(&self, step: &Value) -> Outcome {
        let count = usize::try_from(step["create"].as_u64().unwrap()).unwrap();
        let filter = step["filter"].as_str().unwrap().to_owned();
        let request = pb::WatchOrdersRequest {
            filter,
            ..Default::default()
        };
        let (began, begins) = tokio::sync::oneshot::channel();
        let stub = self.plain.clone();
        let watching = tokio::spawn(async move {
            let (next, mut began) = (AtomicUsize::new(0), Some(began));
            let mut wrong = None;
            let open = |request| {
                let mut stub = stub.clone();
                async move { stub.watch_orders(request).await }
            };
            let watched = resume(request, open, |response: &pb::WatchOrdersResponse| {
                if let Some(it) = began.take() {
                    let _ = it.send(());
                }
                if let Some(order) = &response.order {
                    let wanted = next.fetch_add(1, Ordering::Relaxed);
                    if order.note != wanted.to_string() {
                        wrong = Some(format!("saw {} instead of {wanted}", order.note));
                    }
                }
                wrong.is_none() && next.load(Ordering::Relaxed) < count
            });
            watched.await.map_err(|it| it.to_string())?;
            wrong.map_or(Ok(()), Err)
        });
        let begins = tokio::time::timeout(Duration::from_secs(10), begins).await;
        begins
            .map_err(|_| "the watch does not begin")?
            .map_err(|it| it.to_string())?;
        for number in 0..count {
            let mut request: pb::CreateOrderRequest = self.made("CreateOrder", &step["request"])?;
            request.order.as_mut().unwrap().note = number.to_string();
            request.request_id = uuid::Uuid::new_v4().to_string();
            let created = self.plain.clone().create_order(request).await;
            created.map_err(|it| format!("created: {it}"))?;
            tokio::time::sleep(millis(&step["every_ms"]).unwrap()).await;
        }
        let watched = tokio::time::timeout(Duration::from_secs(20), watching).await;
        watched
            .map_err(|_| "the watch does not end")?
            .map_err(|it| it.to_string())?
    }
}

enum Answer {
    Order(Response<pb::Order>),
    Orders(Response<pb::ListOrdersResponse>),
}

fn shown<T>(response: &Response<T>, value: Value) -> Response<Value> {
    let mut shown = Response::new(value);
    *shown.metadata_mut() = response.metadata().clone();
    shown
}

fn with<T>(message: T, step: &Value) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(limit) = millis(&step["timeout_ms"]) {
        request.set_timeout(limit);
    }
    for (name, value) in step["metadata"].as_object().into_iter().flatten() {
        let name: tonic::metadata::AsciiMetadataKey = name.parse().unwrap();
        request
            .metadata_mut()
            .insert(name, value.as_str().unwrap().parse().unwrap());
    }
    request
}

fn judged(error: &Status, step: &Value) -> Outcome {
    let said = reason(error);
    let named = step["reason"]
        .as_str()
        .is_none_or(|it| said.as_deref() == Some(it));
    let there = step["has_reason"].as_bool() != Some(true) || said.is_some();
    if !named || !there {
        return Err(format!("reason {said:?}"));
    }
    let found = violations(error);
    for field in step["violations"].as_array().into_iter().flatten() {
        if !found.contains_key(field.as_str().unwrap()) {
            return Err(format!("{field} is not in {found:?}"));
        }
    }
    Ok(())
}

fn millis(value: &Value) -> Option<Duration> {
    value.as_u64().map(Duration::from_millis)
}

fn filled(text: &str, saved: &HashMap<String, String>) -> String {
    let each = saved.iter();
    each.fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("${{{name}}}"), value)
    })
}

fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |it, part| &it[part])
}

/// As the specification spells it.
fn named(code: tonic::Code) -> &'static str {
    match code {
        tonic::Code::Ok => "OK",
        tonic::Code::Cancelled => "CANCELLED",
        tonic::Code::InvalidArgument => "INVALID_ARGUMENT",
        tonic::Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        tonic::Code::NotFound => "NOT_FOUND",
        tonic::Code::AlreadyExists => "ALREADY_EXISTS",
        tonic::Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        tonic::Code::Aborted => "ABORTED",
        tonic::Code::Internal => "INTERNAL",
        tonic::Code::Unavailable => "UNAVAILABLE",
        tonic::Code::Unauthenticated => "UNAUTHENTICATED",
        _ => "OTHER",
    }
}
