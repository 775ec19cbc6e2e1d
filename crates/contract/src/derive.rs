//! Merges a service's defaults into its rpcs and enforces the rules.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use protox::prost_reflect::prost_types::method_options::IdempotencyLevel;
use protox::prost_reflect::prost_types::{FileDescriptorProto, MethodOptions};
use protox::prost_reflect::{
    DescriptorPool, FieldDescriptor, Kind, MethodDescriptor, ServiceDescriptor,
};

use crate::annotation::{Policy, RetryPolicy, Site, says};
use crate::beside::{Beside, Entry};
use crate::place::place;
use crate::shape::Shapes;
use crate::{Code, Contract, Error, Idempotency, Method, Problem, Retry, Role, Service, Streaming};

const TWICE: &str = "the policy stands in the .proto and in policy.txtpb";
const ONCE: &str = "say it in one place";

pub(crate) fn contract(
    root: &Path,
    pool: &DescriptorPool,
    offered: &BTreeSet<String>,
) -> Result<Contract, Error> {
    let beside = Beside::read(root)?;
    let mut problems = beside.check(pool);
    let mut shapes = Shapes::default();
    let mut services: Vec<Service> = pool
        .services()
        .map(|it| {
            let role = if offered.contains(it.full_name()) {
                Role::Server
            } else {
                Role::Upstream
            };
            service(root, pool, &beside, &it, role, &mut shapes, &mut problems)
        })
        .collect();
    if !problems.is_empty() {
        return Err(Error::Policy(problems));
    }
    services.sort_by_key(|it| it.role != Role::Server);
    Ok(Contract { services, shapes })
}

fn service(
    root: &Path,
    pool: &DescriptorPool,
    beside: &Beside,
    descriptor: &ServiceDescriptor,
    role: Role,
    shapes: &mut Shapes,
    problems: &mut Vec<Problem>,
) -> Service {
    let file = descriptor.parent_file_descriptor_proto();
    let mut site = site(root, file, descriptor.path(), descriptor.full_name().into());
    let entry = beside.service(descriptor.full_name());
    let policy = entry.and_then(|it| it.policy.as_ref().map(|policy| (it, policy)));
    let (retry_throttling, default) = match policy {
        Some(_) if says(pool, &descriptor.options(), "mesh.v1.service") => {
            site.reject(TWICE, ONCE);
            Default::default()
        }
        Some((entry, policy)) => {
            site = beside.site(entry, descriptor.full_name());
            site.service_policy(policy)
        }
        None => site.service(pool, &descriptor.options()),
    };
    problems.append(&mut site.problems);
    let methods = descriptor
        .methods()
        .map(|it| {
            let subject = format!("{}/{}", descriptor.full_name(), it.name());
            let mut site = self::site(root, file, it.path(), subject);
            let entry = entry.and_then(|entry| entry.rpc(it.name()));
            let own = match entry {
                Some(Entry {
                    policy: Some(_), ..
                }) if says(pool, &it.options(), "mesh.v1.method") => {
                    site.reject(TWICE, ONCE);
                    Policy::default()
                }
                Some(entry) => {
                    site = beside.site(entry, &site.subject);
                    match &entry.policy {
                        Some(policy) => site.policy(policy),
                        None => site.method(pool, &it.options()),
                    }
                }
                None => site.method(pool, &it.options()),
            };
            let idempotency = idempotency(&it, entry, &mut site);
            let mut method = method(&it, idempotency, own, &default, &mut site);
            // What is called is weighed by who is called.
            method.request = (role == Role::Server)
                .then(|| shapes.of(&it.input()))
                .flatten();
            problems.append(&mut site.problems);
            method
        })
        .collect();
    Service {
        name: descriptor.full_name().to_owned(),
        role,
        retry_throttling,
        methods,
    }
}

fn method(
    rpc: &MethodDescriptor,
    idempotency: Idempotency,
    own: Policy,
    default: &Policy,
    site: &mut Site,
) -> Method {
    let streaming = streaming(rpc);
    check(rpc, streaming, idempotency, &own, site);
    let unary = streaming == Streaming::None;
    let timeout = own.timeout.or(default.timeout).filter(|_| unary);
    let repeatable = unary && idempotency != Idempotency::Unsafe;
    let per_attempt_timeout = own.per_attempt_timeout.or(default.per_attempt_timeout);
    let retry = merge(own.retry, default.retry.as_ref())
        .filter(|it| repeatable && it.max_attempts != Some(1))
        .and_then(|it| retry(it, timeout, per_attempt_timeout, site));
    if own.per_attempt_timeout.is_some() && retry.is_none() && site.problems.is_empty() {
        site.reject(
            "per_attempt_timeout on an rpc that is never retried has no effect",
            "write timeout instead",
        );
    }
    let allowed_callers = if own.allowed_callers.is_empty() {
        default.allowed_callers.clone()
    } else {
        own.allowed_callers
    };
    Method {
        name: rpc.name().to_owned(),
        path: format!("/{}/{}", rpc.parent_service().full_name(), rpc.name()),
        idempotency,
        request_id_field: request_id(rpc)
            .filter(|_| idempotency == Idempotency::RequestId)
            .map(|it| it.number()),
        streaming,
        timeout,
        retry,
        allowed_callers,
        request: None,
    }
}

/// What an rpc may not say of itself. A default is not wrong there, it just
/// does not apply.
fn check(
    rpc: &MethodDescriptor,
    streaming: Streaming,
    idempotency: Idempotency,
    own: &Policy,
    site: &mut Site,
) {
    let retried = own
        .retry
        .as_ref()
        .is_some_and(|it| it.max_attempts != Some(1));
    if streaming != Streaming::None {
        if retried {
            site.reject(
                "retry_policy on a stream, which cannot be replayed once messages have flowed",
                "remove retry_policy",
            );
        }
        if own.timeout.is_some() {
            site.reject(
                "timeout on a stream would cut every call that lives longer",
                "remove timeout",
            );
        }
    } else if retried && idempotency == Idempotency::Unsafe {
        site.reject(
            "retry_policy on an rpc that is not safe to repeat, so a retry could act twice",
            format!(
                "declare idempotency_level = IDEMPOTENT or NO_SIDE_EFFECTS if that is true, or \
                 add `string request_id` to {} and act once per value, or remove retry_policy",
                rpc.input().name()
            ),
        );
    }
}

/// The rpc's own retry policy, completed by the default one.
fn merge(own: Option<RetryPolicy>, default: Option<&RetryPolicy>) -> Option<RetryPolicy> {
    let (own, default) = match (own, default) {
        (Some(own), Some(default)) => (own, default),
        (own, default) => return own.or_else(|| default.cloned()),
    };
    Some(RetryPolicy {
        max_attempts: own.max_attempts.or(default.max_attempts),
        initial_backoff: own.initial_backoff.or(default.initial_backoff),
        max_backoff: own.max_backoff.or(default.max_backoff),
        backoff_multiplier: own.backoff_multiplier.or(default.backoff_multiplier),
        codes: if own.codes.is_empty() {
            default.codes.clone()
        } else {
            own.codes
        },
    })
}

fn retry(
    policy: RetryPolicy,
    timeout: Option<Duration>,
    per_attempt_timeout: Option<Duration>,
    site: &mut Site,
) -> Option<Retry> {
    let complete = policy
        .max_attempts
        .zip(policy.initial_backoff)
        .zip(policy.max_backoff)
        .zip(policy.backoff_multiplier);
    let Some((((max_attempts, initial_backoff), max_backoff), backoff_multiplier)) = complete
    else {
        // A value that was refused has its own message.
        if site.problems.is_empty() {
            site.reject(
                "retry_policy is incomplete, and clients ignore one that is",
                "write max_attempts, initial_backoff, max_backoff and backoff_multiplier, here or \
                 in the service's default",
            );
        }
        return None;
    };
    if initial_backoff > max_backoff {
        site.reject(
            format!(
                "initial_backoff {initial_backoff:?} is longer than max_backoff {max_backoff:?}"
            ),
            "shorten initial_backoff or lengthen max_backoff",
        );
    }
    if let Some((attempt, total)) = per_attempt_timeout.zip(timeout)
        && attempt >= total
    {
        site.reject(
            format!(
                "per_attempt_timeout {attempt:?} is not shorter than timeout {total:?}, so no time \
                 is left for a second attempt"
            ),
            "shorten per_attempt_timeout or lengthen timeout",
        );
    }
    Some(Retry {
        max_attempts,
        per_attempt_timeout,
        initial_backoff,
        max_backoff,
        backoff_multiplier,
        codes: if policy.codes.is_empty() {
            vec![Code::Unavailable]
        } else {
            policy.codes
        },
    })
}

fn streaming(rpc: &MethodDescriptor) -> Streaming {
    match (rpc.is_client_streaming(), rpc.is_server_streaming()) {
        (false, false) => Streaming::None,
        (true, false) => Streaming::Client,
        (false, true) => Streaming::Server,
        (true, true) => Streaming::Bidi,
    }
}

/// What the .proto says, or the file beside it: not both differently.
fn idempotency(rpc: &MethodDescriptor, entry: Option<&Entry>, site: &mut Site) -> Idempotency {
    let proto = rpc.method_descriptor_proto();
    let level = proto.options.as_ref().map(MethodOptions::idempotency_level);
    let own = level.unwrap_or_default();
    let beside = entry.map(|entry| entry.level).unwrap_or_default();
    let unknown = IdempotencyLevel::IdempotencyUnknown;
    if own != unknown && beside != unknown && own != beside {
        site.reject(
            format!("idempotency_level is {} in the .proto", own.as_str_name()),
            "say it in one place",
        );
    }
    match if own == unknown { beside } else { own } {
        IdempotencyLevel::NoSideEffects => Idempotency::NoSideEffects,
        IdempotencyLevel::Idempotent => Idempotency::Idempotent,
        IdempotencyLevel::IdempotencyUnknown => {
            if request_id(rpc).is_some() && streaming(rpc) == Streaming::None {
                Idempotency::RequestId
            } else {
                Idempotency::Unsafe
            }
        }
    }
}

/// The request's `string request_id` (AIP-155).
fn request_id(rpc: &MethodDescriptor) -> Option<FieldDescriptor> {
    let field = rpc.input().get_field_by_name("request_id")?;
    (field.kind() == Kind::String && !field.is_list()).then_some(field)
}

pub(crate) fn site(root: &Path, file: &FileDescriptorProto, path: &[i32], subject: String) -> Site {
    let (line, column) = place(file, path);
    Site {
        file: root.join(file.name()).display().to_string(),
        line,
        column,
        subject,
        problems: Vec::new(),
    }
}
