//! Path templates of `google.api.http`: `/v1/{name=orders/*}:cancel`.

use http_path_template::{Grammar, PathTemplate, Segment};
use percent_encoding::percent_decode_str;

/// What a segment of a path must be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// This text.
    Literal(String),
    /// Any one segment.
    One,
    /// All that follow.
    Rest,
}

/// A variable, and which of the template's parts it captures.
#[derive(Debug, Clone)]
pub(crate) struct Variable {
    /// The field that takes what is captured, as a dotted path.
    pub(crate) field: String,
    pub(crate) parts: std::ops::Range<usize>,
}

/// A template, ready to match.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub(crate) parts: Vec<Part>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) verb: Option<String>,
}

/// A field's dotted path and what the request's path says of it.
pub(crate) type Captured = Vec<(String, String)>;

impl Template {
    /// # Errors
    /// Why `text` is no template.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let parsed =
            PathTemplate::parse(text, Grammar::new()).map_err(|error| error.to_string())?;
        let (mut parts, mut variables) = (Vec::new(), Vec::new());
        for segment in parsed.segments() {
            match segment {
                Segment::Variable(variable) => {
                    let from = parts.len();
                    for inner in variable.segments() {
                        parts.push(part(&inner)?);
                    }
                    variables.push(Variable {
                        field: variable.field_path().to_owned(),
                        parts: from..parts.len(),
                    });
                }
                plain => parts.push(part(plain)?),
            }
        }
        Ok(Self {
            parts,
            variables,
            verb: parsed.verb().map(str::to_owned),
        })
    }

    /// What the variables are in `path`, if it is one of this template.
    pub(crate) fn capture(&self, path: &str) -> Option<Captured> {
        let path = path.strip_prefix('/')?;
        let path = match &self.verb {
            Some(verb) => path.strip_suffix(verb.as_str())?.strip_suffix(':')?,
            None => path,
        };
        let segments: Vec<&str> = path.split('/').collect();
        let open = self.parts.last() == Some(&Part::Rest);
        let fits = if open {
            segments.len() >= self.parts.len()
        } else {
            segments.len() == self.parts.len()
        };
        if !fits {
            return None;
        }
        for (part, segment) in self.parts.iter().zip(&segments) {
            let is_one = match part {
                Part::Literal(text) => text == segment,
                Part::One => !segment.is_empty(),
                Part::Rest => true,
            };
            if !is_one {
                return None;
            }
        }
        let mut captured = Vec::new();
        for variable in &self.variables {
            let to = if open && variable.parts.end == self.parts.len() {
                segments.len()
            } else {
                variable.parts.end
            };
            let taken = segments.get(variable.parts.start..to)?;
            captured.push((variable.field.clone(), decoded(taken)?));
        }
        Some(captured)
    }

    /// More literal templates are tried first.
    pub(crate) fn rank(&self) -> (bool, Vec<Part>) {
        (self.verb.is_none(), self.parts.clone())
    }
}

fn part(segment: &Segment<'_>) -> Result<Part, String> {
    match segment {
        Segment::Literal(text) => Ok(Part::Literal((*text).to_owned())),
        Segment::Single => Ok(Part::One),
        Segment::Rest => Ok(Part::Rest),
        _ => Err("a variable within a variable, or text around one".to_owned()),
    }
}

/// Segments without their percent-encoding. A slash that was encoded stays so where
/// it would look like the end of a segment.
fn decoded(segments: &[&str]) -> Option<String> {
    let mut out = Vec::new();
    for segment in segments {
        let text = percent_decode_str(segment).decode_utf8().ok()?;
        out.push(match segments {
            [_] => text.into_owned(),
            _ => text.replace('/', "%2F"),
        });
    }
    Some(out.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(template: &str, path: &str) -> Option<Vec<(String, String)>> {
        Template::parse(template).unwrap().capture(path)
    }

    #[test]
    fn variables_take_what_their_part_of_the_path_is() {
        let one = |field: &str, text: &str| Some(vec![(field.to_owned(), text.to_owned())]);
        assert_eq!(
            capture("/v1/{name=orders/*}", "/v1/orders/7"),
            one("name", "orders/7")
        );
        assert_eq!(
            capture("/v1/{name=orders/*}:cancel", "/v1/orders/7:cancel"),
            one("name", "orders/7")
        );
        assert_eq!(
            capture("/v1/{order.name=orders/*}", "/v1/orders/a%20b"),
            one("order.name", "orders/a b")
        );
        assert_eq!(capture("/v1/{id}", "/v1/a%2Fb"), one("id", "a/b"));
        assert_eq!(
            capture("/v1/{name=files/**}", "/v1/files/a/b%2Fc"),
            one("name", "files/a/b%2Fc")
        );
        assert_eq!(capture("/v1/orders", "/v1/orders"), Some(Vec::new()));
    }

    #[test]
    fn other_paths_are_of_no_template() {
        for (template, path) in [
            ("/v1/{name=orders/*}", "/v1/orders"),
            ("/v1/{name=orders/*}", "/v1/orders/"),
            ("/v1/{name=orders/*}", "/v1/orders/7/items"),
            ("/v1/{name=orders/*}:cancel", "/v1/orders/7"),
            ("/v1/orders", "/v1/order"),
            ("/v1/{id}", "/v1/%ff"),
        ] {
            assert_eq!(capture(template, path), None, "{template} {path}");
        }
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for wrong in ["v1/orders", "/v1/{name", "/v1/{a=**}/b", ""] {
            assert!(Template::parse(wrong).is_err(), "{wrong}");
        }
    }
}
