//! Reads the options of `mesh/v1/policy.proto`, value by value.

use std::time::Duration;

use protox::prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage, Value};

use crate::{Code, Problem, RetryThrottling};

/// A `MethodPolicy` as written; what is absent is `None` or empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policy {
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) per_attempt_timeout: Option<Duration>,
    pub(crate) allowed_callers: Vec<String>,
}

/// A `RetryPolicy` as written.
#[derive(Debug, Clone, Default)]
pub(crate) struct RetryPolicy {
    pub(crate) max_attempts: Option<u32>,
    pub(crate) initial_backoff: Option<Duration>,
    pub(crate) max_backoff: Option<Duration>,
    pub(crate) backoff_multiplier: Option<f32>,
    pub(crate) codes: Vec<Code>,
}

/// Where the annotation being read stands, and what was found wrong there.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) subject: String,
    pub(crate) problems: Vec<Problem>,
}

impl Site {
    pub(crate) fn reject(&mut self, reason: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem {
            file: self.file.clone(),
            line: self.line,
            column: self.column,
            subject: self.subject.clone(),
            reason: reason.into(),
            remedy: remedy.into(),
        });
    }

    /// Reads `(mesh.v1.method)`.
    pub(crate) fn method(&mut self, pool: &DescriptorPool, options: &DynamicMessage) -> Policy {
        extension(pool, options, "mesh.v1.method")
            .map_or_else(Policy::default, |it| self.policy(&it))
    }

    /// Reads `(mesh.v1.service)`.
    pub(crate) fn service(
        &mut self,
        pool: &DescriptorPool,
        options: &DynamicMessage,
    ) -> (Option<RetryThrottling>, Policy) {
        extension(pool, options, "mesh.v1.service")
            .map_or_else(Default::default, |it| self.service_policy(&it))
    }

    /// Reads a `ServicePolicy`.
    pub(crate) fn service_policy(
        &mut self,
        service: &DynamicMessage,
    ) -> (Option<RetryThrottling>, Policy) {
        let throttling =
            message(service, "retry_throttling").and_then(|it| self.retry_throttling(&it));
        let default =
            message(service, "default").map_or_else(Policy::default, |it| self.policy(&it));
        (throttling, default)
    }

    /// Reads a `MethodPolicy`.
    pub(crate) fn policy(&mut self, policy: &DynamicMessage) -> Policy {
        Policy {
            timeout: self.duration(policy, "timeout"),
            retry: message(policy, "retry_policy").map(|it| self.retry_policy(&it)),
            per_attempt_timeout: self.duration(policy, "per_attempt_timeout"),
            allowed_callers: self.callers(policy),
        }
    }

    fn retry_policy(&mut self, retry: &DynamicMessage) -> RetryPolicy {
        let max_attempts = value(retry, "max_attempts").and_then(|it| it.as_u32());
        if let Some(attempts) = max_attempts.filter(|it| !(1..=5).contains(it)) {
            self.reject(
                format!("max_attempts is {attempts}, but no gRPC client makes more than 5"),
                "write 2 to 5, or 1 to switch retries off",
            );
        }
        let backoff_multiplier = value(retry, "backoff_multiplier").and_then(|it| it.as_f32());
        if let Some(multiplier) = backoff_multiplier.filter(|it| !it.is_finite() || *it < 1.0) {
            self.reject(
                format!("backoff_multiplier is {multiplier}, so backoffs would not grow"),
                "write 1 or more",
            );
        }
        RetryPolicy {
            max_attempts,
            initial_backoff: self.duration(retry, "initial_backoff"),
            max_backoff: self.duration(retry, "max_backoff"),
            backoff_multiplier,
            codes: self.codes(retry),
        }
    }

    fn retry_throttling(&mut self, throttling: &DynamicMessage) -> Option<RetryThrottling> {
        let found = self.problems.len();
        let max_tokens = value(throttling, "max_tokens")
            .and_then(|it| it.as_u32())
            .unwrap_or_default();
        if !(1..=1000).contains(&max_tokens) {
            self.reject(
                format!("retry_throttling.max_tokens is {max_tokens}, which gRPC clients refuse"),
                "write 1 to 1000",
            );
        }
        let token_ratio = value(throttling, "token_ratio")
            .and_then(|it| it.as_f32())
            .unwrap_or_default();
        if !token_ratio.is_finite() || token_ratio < 0.001 {
            self.reject(
                format!(
                    "retry_throttling.token_ratio is {token_ratio}, so a spent budget would never \
                     recover"
                ),
                "write 0.001 or more",
            );
        }
        (self.problems.len() == found).then_some(RetryThrottling {
            max_tokens,
            token_ratio,
        })
    }

    /// Whole milliseconds: Istio and Linkerd know nothing finer.
    fn duration(&mut self, of: &DynamicMessage, field: &str) -> Option<Duration> {
        let duration = message(of, field)?;
        let seconds = value(&duration, "seconds").and_then(|it| it.as_i64());
        let nanos = value(&duration, "nanos").and_then(|it| it.as_i32());
        let (seconds, nanos) = (seconds.unwrap_or_default(), nanos.unwrap_or_default());
        let exact = u64::try_from(seconds).ok().zip(u32::try_from(nanos).ok());
        let Some((seconds, nanos)) = exact.filter(|it| *it != (0, 0)) else {
            self.reject(
                format!("{field} is not longer than zero"),
                format!("write a positive duration or remove {field}"),
            );
            return None;
        };
        if nanos % 1_000_000 != 0 || nanos > 999_999_999 {
            self.reject(
                format!(
                    "{field} has nanos: {nanos}, but meshes know nothing finer than milliseconds"
                ),
                "write a multiple of 1000000 below 1000000000",
            );
            return None;
        }
        // A day: far beyond any call, and far below what overflows elsewhere.
        if seconds > 86_400 {
            self.reject(
                format!("{field} is longer than a day"),
                "write 86400 seconds or less",
            );
            return None;
        }
        Some(Duration::new(seconds, nanos))
    }

    fn codes(&mut self, retry: &DynamicMessage) -> Vec<Code> {
        let mut codes = Vec::new();
        for number in list(retry, "retryable_status_codes", Value::as_enum_number) {
            let known = Code::ALL.into_iter().find(|it| it.number() == number);
            match known {
                Some(code) if codes.contains(&code) => self.reject(
                    format!("retryable_status_codes has {} twice", code.name()),
                    "remove one",
                ),
                Some(code) => codes.push(code),
                None => {
                    let names = Code::ALL.map(Code::name).join(", ");
                    self.reject(
                        format!(
                            "retryable_status_codes has {}, which no mesh can retry on",
                            code_name(retry, number)
                        ),
                        format!("choose from {names}"),
                    );
                }
            }
        }
        codes.sort_unstable();
        codes
    }

    fn callers(&mut self, policy: &DynamicMessage) -> Vec<String> {
        let mut callers: Vec<String> = Vec::new();
        for role in list(policy, "allowed_callers", |it| {
            it.as_str().map(str::to_owned)
        }) {
            if callers.contains(&role) {
                self.reject(format!("allowed_callers has {role:?} twice"), "remove one");
            } else if is_role(&role) {
                callers.push(role);
            } else {
                self.reject(
                    format!("allowed_callers has {role:?}, which is not the name of a role"),
                    "write a letter, then up to 62 letters, digits or dashes, all lower-case; \
                     the chart's values say which service accounts have the role",
                );
            }
        }
        callers
    }
}

fn is_role(role: &str) -> bool {
    role.len() <= 63
        && role.starts_with(|it: char| it.is_ascii_lowercase())
        && role
            .chars()
            .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-')
}

fn extension(
    pool: &DescriptorPool,
    options: &DynamicMessage,
    name: &str,
) -> Option<DynamicMessage> {
    let extension = pool.get_extension_by_name(name)?;
    if !options.has_extension(&extension) {
        return None;
    }
    options.get_extension(&extension).as_message().cloned()
}

/// A field's value, `None` if it is absent or has its default.
fn value(of: &DynamicMessage, field: &str) -> Option<Value> {
    of.has_field_by_name(field)
        .then(|| of.get_field_by_name(field))?
        .map(std::borrow::Cow::into_owned)
}

/// A field's number, as of an enumeration; 0 if it is absent.
pub(crate) fn number(of: &DynamicMessage, field: &str) -> i32 {
    let value = value(of, field);
    value.and_then(|it| it.as_enum_number()).unwrap_or_default()
}

/// A field's text, empty if it is absent.
pub(crate) fn text(of: &DynamicMessage, field: &str) -> String {
    let value = value(of, field);
    let text = value.as_ref().and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

/// The messages of a repeated field.
pub(crate) fn messages(of: &DynamicMessage, field: &str) -> Vec<DynamicMessage> {
    list(of, field, |it| it.as_message().cloned())
}

/// Whether an option says anything.
pub(crate) fn says(pool: &DescriptorPool, options: &DynamicMessage, name: &str) -> bool {
    extension(pool, options, name).is_some()
}

/// A field's message.
pub(crate) fn message(of: &DynamicMessage, field: &str) -> Option<DynamicMessage> {
    value(of, field).and_then(|it| it.as_message().cloned())
}

fn list<T>(of: &DynamicMessage, field: &str, item: impl Fn(&Value) -> Option<T>) -> Vec<T> {
    let value = value(of, field);
    let items = value.as_ref().and_then(Value::as_list).unwrap_or_default();
    items.iter().filter_map(item).collect()
}

fn code_name(retry: &DynamicMessage, number: i32) -> String {
    let pool = retry.descriptor().parent_pool().clone();
    pool.get_enum_by_name("google.rpc.Code")
        .and_then(|it| it.get_value(number))
        .map_or_else(|| number.to_string(), |it| it.name().to_owned())
}
