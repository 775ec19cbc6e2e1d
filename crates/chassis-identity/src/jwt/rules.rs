use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Claims;
use super::claims::texts;

/// Claims that are lists of words in one text, as Istio reads them.
const SPACED: [&str; 2] = ["permission", "scope"];

const REMEDY: &str = r#"write JSON: {"role": ["admin", "user"]}"#;

/// Claims that a token must have, each with the values that pass.
///
/// Written as JSON, `{"role": ["admin", "user"]}`; a claim inside of another as it
/// stands there, `{"realm_access": {"roles": ["admin"]}}`. A claim passes if it is one
/// of the values or a list that holds one; of `scope` and `permission` each word
/// counts. As in Istio's rules, `*` is any text that is not empty, `a*` one
/// that begins with `a`, and `*a` one that ends with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRules(Arc<BTreeMap<Vec<String>, Vec<String>>>);

impl ClaimRules {
    /// Whether every rule is met.
    #[must_use]
    pub fn allow(&self, claims: &Claims) -> bool {
        self.0.iter().all(|(path, values)| {
            let is_spaced = matches!(&path[..], [name] if SPACED.contains(&name.as_str()));
            let mut said = (found(claims, path).into_iter().flat_map(texts))
                .flat_map(|text| text.split(move |c| is_spaced && c == ' '));
            said.any(|text| values.iter().any(|value| passes(value, text)))
        })
    }
}

/// The claim at `path`, from the outermost name inwards.
fn found<'a>(claims: &'a Claims, path: &[String]) -> Option<&'a Value> {
    let (first, inner) = path.split_first()?;
    inner
        .iter()
        .try_fold(claims.get(first)?, |value, name| value.get(name))
}

/// Adds what `rules` say of the claims below `above`.
fn collect(
    rules: Map<String, Value>,
    above: &[String],
    into: &mut BTreeMap<Vec<String>, Vec<String>>,
) -> Result<(), String> {
    for (name, value) in rules {
        let path = [above, std::slice::from_ref(&name)].concat();
        match value {
            Value::Object(inner) if !inner.is_empty() && !name.is_empty() => {
                collect(inner, &path, into)?;
                continue;
            }
            Value::Array(_) => {}
            _ => return Err(format!("`{name}` has no list of values; {REMEDY}")),
        }
        let values: Vec<String> = serde_json::from_value(value)
            .map_err(|_| format!("`{name}` has values that are no text; {REMEDY}"))?;
        if name.is_empty() || values.is_empty() || values.iter().any(String::is_empty) {
            return Err(format!("`{name}` has no value that could pass; {REMEDY}"));
        }
        into.insert(path, values);
    }
    Ok(())
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
        let written: Map<String, Value> = serde_json::from_str(text)
            .map_err(|_| format!("not claims and the values that pass; {REMEDY}"))?;
        if written.is_empty() {
            return Err(format!("no claim; {REMEDY}"));
        }
        let mut rules = BTreeMap::new();
        collect(written, &[], &mut rules)?;
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
    fn a_claim_inside_of_another_counts_where_it_stands() {
        let rules = r#"{"realm_access": {"roles": ["admin"]}}"#;
        for (expected, claims) in [
            (true, json!({"realm_access": {"roles": ["user", "admin"]}})),
            (false, json!({"realm_access": {"roles": ["user"]}})),
            (false, json!({"realm_access": ["admin"]})),
            (false, json!({"roles": ["admin"]})),
            (false, json!({"realm_access.roles": ["admin"]})),
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
            r#"{"a": {}}"#,
            r#"{"a": {"b": "admin"}}"#,
            r#"{"": {"b": ["admin"]}}"#,
        ] {
            assert!(wrong.parse::<ClaimRules>().is_err(), "{wrong}");
        }
    }
}
