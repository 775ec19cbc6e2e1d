//{% capture source %}§{% raw %}
//! What a list asks for: filter, sequence, page.

use std::fmt;

use super::id::OrderId;
use super::model::{Order, OrderState};
use super::owner::OwnerName;
use super::text::{Invalid, ShortCode};

/// Which orders are meant; both conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Only this customer's.
    pub customer: Option<ShortCode>,
    /// Only those in this state.
    pub state: Option<OrderState>,
}

impl OrderFilter {
    /// Parses `customer = "alice" AND state = OPEN`, a part of AIP-160.
    /// Empty text means all.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let mut filter = Self::default();
        if text.trim().is_empty() {
            return Ok(filter);
        }
        let mut words = Words(text);
        loop {
            let (field, equals, value) = (words.next(), words.next(), words.next());
            let (Some(field), Some("="), Some(value)) = (field, equals, value) else {
                return Err(Invalid::new(
                    "must be comparisons such as 'state = OPEN', joined by AND",
                ));
            };
            let value = unquote(value)?;
            let refuse = |Invalid(why)| Invalid(format!("{field} {why}"));
            let twice = match field {
                "customer" => (filter.customer)
                    .replace(ShortCode::parse(value).map_err(refuse)?)
                    .is_some(),
                "state" => (filter.state)
                    .replace(value.parse().map_err(refuse)?)
                    .is_some(),
                _ => return Err(Invalid::new("can compare only customer and state")),
            };
            if twice {
                return Err(Invalid(format!("compares {field} twice")));
            }
            match words.next() {
                None => return Ok(filter),
                Some("AND") => {}
                Some(_) => return Err(Invalid::new("must join comparisons by AND")),
            }
        }
    }

    /// Whether `order` is meant.
    #[must_use]
    pub fn matches(&self, order: &Order) -> bool {
        (self.customer.as_ref()).is_none_or(|customer| *customer == order.content.customer)
            && self.state.is_none_or(|state| state == order.state)
    }
}

/// The canonical text; parses to an equal filter.
impl fmt::Display for OrderFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(customer) = &self.customer {
            write!(f, "customer = \"{customer}\"")?;
        }
        if let Some(state) = self.state {
            let and = if self.customer.is_some() { " AND " } else { "" };
            write!(f, "{and}state = {}", state.as_str())?;
        }
        Ok(())
    }
}

/// Splits into `=`, quoted strings and runs of other characters.
struct Words<'a>(&'a str);

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        let first = text.chars().next()?;
        let end = match first {
            '=' => 1,
            '"' => text[1..].find('"').map_or(text.len(), |i| i + 2),
            _ => text
                .find(|c: char| c.is_whitespace() || c == '=' || c == '"')
                .unwrap_or(text.len()),
        };
        let (word, rest) = text.split_at(end);
        self.0 = rest;
        Some(word)
    }
}

fn unquote(word: &str) -> Result<&str, Invalid> {
    match word.strip_prefix('"') {
        None => Ok(word),
        Some(rest) => rest
            .strip_suffix('"')
            .ok_or_else(|| Invalid::new("has a string without its closing quote")),
    }
}

/// The sequence of a list: by creation time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// Oldest first.
    #[default]
    Oldest,
    /// Newest first.
    Newest,
}

impl Sort {
    /// Parses `create_time`, `create_time asc`, `create_time desc` (AIP-132) or
    /// nothing.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text.split_ascii_whitespace().collect::<Vec<_>>()[..] {
            [] | ["create_time"] | ["create_time", "asc"] => Ok(Self::Oldest),
            ["create_time", "desc"] => Ok(Self::Newest),
            _ => Err(Invalid::new("must be 'create_time' or 'create_time desc'")),
        }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderQuery {
    /// Only this one's; `None`: everybody's.
    pub owner: Option<OwnerName>,
    /// Which orders.
    pub filter: OrderFilter,
    /// In which sequence.
    pub sort: Sort,
    /// Only those behind this one, which was the last of the page before.
    pub after: Option<OrderId>,
    /// Most orders to return.
    pub limit: usize,
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
