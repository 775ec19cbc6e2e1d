//! Whether a call may leave.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::refusal::{DOMAIN, INVALID_ARGUMENT, Refusal, UNIMPLEMENTED};
use crate::table::{Deadlines, Rpc, Table};
use crate::timeout;

/// A call's headers, of those that say something here.
#[derive(Debug, Clone, Copy, Default)]
pub struct Head<'a> {
    /// `:path`.
    pub path: &'a str,
    /// `grpc-timeout`.
    pub timeout: Option<&'a str>,
    /// `grpc-previous-rpc-attempts`: how often the caller's client tried before.
    pub previous_attempts: Option<&'a str>,
    /// `x-envoy-attempt-count`: which attempt of a proxy this is.
    pub attempt: Option<&'a str>,
}

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It leaves.
    Passes,
    /// It leaves if its message has a text in that field.
    Needs {
        /// The field's number.
        field: u32,
        /// What is said otherwise.
        otherwise: Refusal,
    },
    /// It does not leave.
    Refused(Refusal),
}

impl Table {
    /// What the contract says of a call, as far as its headers tell.
    #[must_use]
    pub fn judge(&self, head: &Head<'_>) -> Verdict {
        let path = head
            .path
            .strip_prefix('/')
            .and_then(|it| it.split_once('/'));
        let Some((service, name)) = path else {
            return Verdict::Passes;
        };
        let Some(rpcs) = self.services.get(service) else {
            return Verdict::Passes;
        };
        let Some(rpc) = rpcs.get(name) else {
            return Verdict::Refused(unknown());
        };
        if let Some(refusal) = self.late(rpc, head.timeout) {
            return Verdict::Refused(refusal);
        }
        match rpc.request_id_field {
            Some(field) if head.is_repeated() => Verdict::Needs {
                field,
                otherwise: unidentified(service),
            },
            _ => Verdict::Passes,
        }
    }

    fn late(&self, rpc: &Rpc, header: Option<&str>) -> Option<Refusal> {
        let longest = rpc.timeout_ms?;
        if self.deadlines == Deadlines::Ignore {
            return None;
        }
        let Some(header) = header else {
            let why = format!("this call has no deadline; give it one of at most {longest} ms");
            return Some(deadline("DEADLINE_MISSING", why, longest));
        };
        // What is no time is for the server to say.
        let time = timeout::parse(header)?;
        if self.deadlines == Deadlines::Contract && time > Duration::from_millis(longest) {
            let why = format!(
                "this call's deadline is in {} ms, and the rpc has {longest} ms at most; give it \
                 no more",
                time.as_millis()
            );
            return Some(deadline("DEADLINE_TOO_LONG", why, longest));
        }
        None
    }
}

impl Head<'_> {
    fn is_repeated(&self) -> bool {
        let number = |header: Option<&str>| header?.parse::<u32>().ok();
        number(self.previous_attempts).is_some_and(|it| it > 0)
            || number(self.attempt).is_some_and(|it| it > 1)
    }
}

fn unknown() -> Refusal {
    Refusal {
        code: UNIMPLEMENTED,
        reason: "UNKNOWN_METHOD",
        domain: DOMAIN.to_owned(),
        metadata: BTreeMap::new(),
        message: "this server does not offer the method called".to_owned(),
        violation: None,
    }
}

fn unidentified(service: &str) -> Refusal {
    const WHY: &str = "must be set on a call that is repeated";
    let package = service.rsplit_once('.').map_or("", |(package, _)| package);
    Refusal {
        code: INVALID_ARGUMENT,
        reason: "INVALID_FIELDS",
        domain: package.to_owned(),
        metadata: BTreeMap::new(),
        message: format!("request_id {WHY}"),
        violation: Some(("request_id", WHY)),
    }
}

fn deadline(reason: &'static str, message: String, longest: u64) -> Refusal {
    Refusal {
        code: INVALID_ARGUMENT,
        reason,
        domain: DOMAIN.to_owned(),
        metadata: [("longest_ms".to_owned(), longest.to_string())].into(),
        message,
        violation: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATE: &str = "/a.v1.Things/Create";

    fn table(deadlines: &str) -> Table {
        let json = format!(
            r#"{{"deadlines": "{deadlines}", "services": {{"a.v1.Things": {{
                "Create": {{"timeoutMs": 5000, "requestIdField": 1}}, "Watch": {{}} }} }} }}"#
        );
        Table::parse(json.as_bytes()).unwrap()
    }

    fn reason(deadlines: &str, head: Head<'_>) -> &'static str {
        match table(deadlines).judge(&head) {
            Verdict::Passes => "passes",
            Verdict::Needs { .. } => "needs",
            Verdict::Refused(refusal) => refusal.reason,
        }
    }

    #[test]
    fn rpcs_are_those_of_the_contract() {
        for (path, expected) in [
            ("/a.v1.Things/Watch", "passes"),
            ("/a.v1.Things/Delete", "UNKNOWN_METHOD"),
            ("/a.v1.Things/", "UNKNOWN_METHOD"),
            ("/a.v1.Things/Watch/x", "UNKNOWN_METHOD"),
            ("/b.v1.Things/Watch", "passes"),
            ("/grpc.health.v1.Health/Check", "passes"),
            ("", "passes"),
        ] {
            let head = Head {
                path,
                ..Head::default()
            };
            assert_eq!(reason("contract", head), expected, "{path}");
        }
    }

    #[test]
    fn deadlines_are_those_of_the_contract() {
        for (timeout, ignore, required, contract) in [
            (None, "passes", "DEADLINE_MISSING", "DEADLINE_MISSING"),
            (Some("5S"), "passes", "passes", "passes"),
            (Some("5000001u"), "passes", "passes", "DEADLINE_TOO_LONG"),
            (Some("1H"), "passes", "passes", "DEADLINE_TOO_LONG"),
            (Some("soon"), "passes", "passes", "passes"),
        ] {
            let head = Head {
                path: CREATE,
                timeout,
                ..Head::default()
            };
            assert_eq!(reason("ignore", head), ignore, "{timeout:?}");
            assert_eq!(reason("required", head), required, "{timeout:?}");
            assert_eq!(reason("contract", head), contract, "{timeout:?}");
        }
    }

    #[test]
    fn a_call_that_is_repeated_needs_its_id() {
        for (previous_attempts, attempt, expected) in [
            (None, None, "passes"),
            (Some("0"), Some("1"), "passes"),
            (Some("1"), None, "needs"),
            (None, Some("2"), "needs"),
            (Some("x"), Some("-1"), "passes"),
        ] {
            let head = Head {
                path: CREATE,
                timeout: Some("1S"),
                previous_attempts,
                attempt,
            };
            assert_eq!(reason("contract", head), expected);
        }
    }

    #[test]
    fn a_table_with_what_is_not_known_is_refused() {
        for wrong in [
            "",
            "{}",
            r#"{"services": {}, "more": 1}"#,
            r#"{"services": {"a": {"B": {"timeout": 5}}}}"#,
            r#"{"deadlines": "sometimes", "services": {}}"#,
        ] {
            assert!(Table::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
