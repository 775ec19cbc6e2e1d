use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use super::Claims;
use super::claims::texts;

/// Claims that are lists of words in one text, as Istio reads them.
const SPACED: [&str; 2] = ["permission", "scope"];

/// Claims that a token must have, each with the values that pass.
///
/// Written as JSON, `{"role": ["admin", "user"]}`. A claim passes if it is one
/// of the values or a list that holds one; of `scope` and `permission` each word
/// counts. As in Istio's rules, `*` is any text that is not empty, `a*` one
/// that begins with `a`, and `*a` one that ends with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRules(Arc<BTreeMap<String, Vec<String>>>);

impl ClaimRules {
    /// Whether every rule is met.
    #[must_use]
    pub fn allow(&self, claims: &Claims) -> bool {
        self.0.iter().all(|(name, values)| {
            let is_spaced = SPACED.contains(&name.as_str());
            let mut said = (claims.get(name).into_iter().flat_map(texts))
                .flat_map(|text| text.split(move |c| is_spaced && c == ' '));
            said.any(|text| values.iter().any(|value| passes(value, text)))
        })
    }
}

fn passes(value: &str, text: &str) -> bool {
    if value == "*" {
        !text.is_empty()
    } else if let Some(end) = value.strip_prefix('*') {
        text.ends_with(end)
    } else if let Some(start) = value.strip_suffix('*') {
        text.starts_with(start)
    } else {
        text == value
    }
}

impl FromStr for ClaimRules {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const REMEDY: &str = r#"write JSON: {"role": ["admin", "user"]}"#;
        let rules: BTreeMap<String, Vec<String>> = serde_json::from_str(text)
            .map_err(|_| format!("not claims and the values that pass; {REMEDY}"))?;
        if rules.is_empty() {
            return Err(format!("no claim; {REMEDY}"));
        }
        let hollow = rules.iter().find(|(name, values)| {
            name.is_empty() || values.is_empty() || values.iter().any(String::is_empty)
        });
        if let Some((name, _)) = hollow {
            return Err(format!("`{name}` has no value that could pass; {REMEDY}"));
        }
        Ok(Self(rules.into()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn allow(rules: &str, claims: &Value) -> bool {
        let rules: ClaimRules = rules.parse().unwrap();
        rules.allow(&Claims::new(claims.as_object().unwrap().clone()))
    }

    #[test]
    fn each_claim_has_one_of_its_values() {
        let rules = r#"{"role": ["admin", "user"], "scope": ["write"]}"#;
        for (expected, claims) in [
            (true, json!({"role": "user", "scope": "write"})),
            (
                true,
                json!({"role": ["guest", "admin"], "scope": ["write"]}),
            ),
            (true, json!({"role": "user", "scope": "read write"})),
            (false, json!({"role": "user admin", "scope": "write"})),
            (false, json!({"role": "user"})),
            (false, json!({"scope": "write"})),
            (false, json!({"role": [], "scope": "write"})),
            (false, json!({"role": {"user": true}, "scope": "write"})),
            (false, json!({"role": "User", "scope": "write"})),
            (false, json!({"role": "user", "scope": "overwrite"})),
        ] {
            assert_eq!(allow(rules, &claims), expected, "{claims}");
        }
    }

    #[test]
    fn stars_stand_for_what_istio_lets_them() {
        for (value, text, expected) in [
            ("*", "x", true),
            ("*", "", false),
            ("ad*", "admin", true),
            ("ad*", "bad", false),
            ("*in", "admin", true),
            ("*in", "inner", false),
            ("a*n", "admin", false),
        ] {
            let rules = json!({"role": [value]}).to_string();
            let claims = json!({"role": text});
            assert_eq!(allow(&rules, &claims), expected, "{value} {text}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for wrong in [
            "",
            "role=admin",
            "{}",
            "[]",
            r#"{"role": "admin"}"#,
            r#"{"role": []}"#,
            r#"{"role": [""]}"#,
            r#"{"": ["admin"]}"#,
            r#"{"role": [1]}"#,
        ] {
            assert!(wrong.parse::<ClaimRules>().is_err(), "{wrong}");
        }
    }
}
