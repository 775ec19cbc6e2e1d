//! What went wrong, in words that a customer can act on.

use serde::Deserialize;

use crate::wire::Refusal;

/// Why a call gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nobody is signed in, or no longer.
    SignedOut,
    /// The shop said no.
    Refused(Refusal),
    /// There was no answer, or none that makes sense.
    Unreachable,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    error: Refusal,
}

impl Fault {
    /// What an answer with that status says.
    #[must_use]
    pub fn of(status: u16, body: &str) -> Self {
        match (status, serde_json::from_str::<Answer>(body)) {
            (401, _) => Self::SignedOut,
            (_, Ok(answer)) if answer.error.code != 0 => Self::Refused(answer.error),
            _ => Self::Unreachable,
        }
    }

    /// For the customer: what is wrong, and what helps.
    #[must_use]
    pub fn words(&self) -> String {
        let refusal = match self {
            Self::SignedOut => return "You are not signed in. Sign in to go on.".to_owned(),
            Self::Unreachable => {
                return "The shop cannot be reached. Nothing was changed that it did not confirm; \
                        try again in a moment."
                    .to_owned();
            }
            Self::Refused(refusal) => refusal,
        };
        let mut reasons = refusal.details.iter().map(|detail| detail.reason.as_str());
        let reason = reasons.find(|reason| !reason.is_empty());
        match reason.unwrap_or_default() {
            "OUT_OF_STOCK" => "There are not that many left. Order fewer.".to_owned(),
            "PAYMENT_REFUSED" => {
                "The payment was refused: your account has too little. Nothing was ordered. \
                 Order fewer, or cancel another order."
                    .to_owned()
            }
            "NOT_FOUND" => {
                "You have no such order. If it is somebody else's, only they can see it.".to_owned()
            }
            "RATE_LIMITED" | "OVERLOADED" => {
                "The shop is busy. Wait a moment, then try again.".to_owned()
            }
            "INVENTORY_UNAVAILABLE" | "PAYMENT_UNAVAILABLE" | "UPSTREAM_UNREACHABLE" => {
                "A part of the shop does not answer. Nothing was ordered; try again in a moment."
                    .to_owned()
            }
            _ => Self::plain(refusal),
        }
    }

    fn plain(refusal: &Refusal) -> String {
        let mut violations = refusal.details.iter().flat_map(|it| &it.field_violations);
        match violations.next() {
            Some(wrong) => format!("{}: {}.", wrong.field, wrong.description),
            None => format!("The shop says: {}.", refusal.message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Fault;

    #[test]
    fn a_refusal_says_what_helps() {
        let body = |reason: &str| {
            format!(
                r#"{{"error":{{"code":400,"message":"m","details":[{{"reason":"{reason}"}}]}}}}"#
            )
        };
        for (reason, word) in [
            ("OUT_OF_STOCK", "fewer"),
            ("PAYMENT_REFUSED", "too little"),
            ("NOT_FOUND", "somebody else's"),
            ("SOMETHING_NEW", "The shop says: m."),
        ] {
            let words = Fault::of(400, &body(reason)).words();
            assert!(words.contains(word), "{reason}: {words}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_no_answer() {
        for body in ["", "<html>", "{}", "[]"] {
            assert_eq!(Fault::of(502, body), Fault::Unreachable, "{body}");
        }
        assert_eq!(Fault::of(401, ""), Fault::SignedOut);
    }

    #[test]
    fn a_wrong_field_is_named() {
        let body = r#"{"error":{"code":400,"message":"m","details":[{"fieldViolations":
            [{"field":"order.items[0].quantity","description":"must be at least 1"}]}]}}"#;
        let words = Fault::of(400, body).words();
        assert_eq!(words, "order.items[0].quantity: must be at least 1.");
    }
}
