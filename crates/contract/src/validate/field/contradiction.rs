//! Rules of one type that no value can keep together. What protovalidate takes as meant is
//! none: bounds the wrong way round leave what is outside of them.

use protox::prost_reflect::{DynamicMessage, Kind, Value};

/// Rules of `of` ("string", "int32"), with the field's kind, that leave nothing; `needed` if
/// the value that is zero counts as missing.
pub(super) fn contradiction(
    of: &str,
    rules: &DynamicMessage,
    kind: &Kind,
    needed: bool,
) -> Option<String> {
    let rules = Rules {
        of,
        all: rules,
        kind,
    };
    rules
        .sizes(needed)
        .or_else(|| rules.texts())
        .or_else(|| rules.bounds())
        .or_else(|| rules.now())
        .or_else(|| rules.undefined())
        .or_else(|| rules.choices(needed))
}

struct Rules<'a> {
    of: &'a str,
    all: &'a DynamicMessage,
    kind: &'a Kind,
}

/// What is ordered: whole numbers, and times in nanoseconds; or not quite.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Number {
    Whole(i128),
    Real(f64),
}

impl Rules<'_> {
    fn given(&self, name: &str) -> Option<Value> {
        let is_there = self.all.has_field_by_name(name);
        let value = is_there.then(|| self.all.get_field_by_name(name))?;
        value.map(std::borrow::Cow::into_owned)
    }

    fn list(&self, name: &str) -> Vec<Value> {
        let value = self.given(name);
        let items = value.as_ref().and_then(Value::as_list);
        items.unwrap_or_default().to_vec()
    }

    fn count(&self, name: &'static str) -> Option<(&'static str, u64)> {
        Some((name, self.given(name)?.as_u64()?))
    }

    /// The tightest of limits: the least that may be, and the most.
    fn limits(&self, least: [&'static str; 2], most: [&'static str; 2]) -> [Option<Limit>; 2] {
        let said = |names: [&'static str; 2]| names.map(|it| self.count(it)).into_iter().flatten();
        [
            said(least).max_by_key(|it| it.1),
            said(most).min_by_key(|it| it.1),
        ]
    }

    fn sizes(&self, needed: bool) -> Option<String> {
        let (letters, bytes) = match self.of {
            "string" => (
                self.limits(["min_len", "len"], ["max_len", "len"]),
                self.limits(["min_bytes", "len_bytes"], ["max_bytes", "len_bytes"]),
            ),
            "bytes" => (
                [None, None],
                self.limits(["min_len", "len"], ["max_len", "len"]),
            ),
            "repeated" => (
                self.limits(["min_items", ""], ["max_items", ""]),
                [None, None],
            ),
            "map" => (
                self.limits(["min_pairs", ""], ["max_pairs", ""]),
                [None, None],
            ),
            _ => return None,
        };
        // A letter takes one byte to four.
        let least_bytes = bytes[0].map(|(name, it)| (name, it.div_ceil(4)));
        let pairs = [letters, bytes, [letters[0], bytes[1]]];
        let over = |(least, most): (Option<Limit>, Option<Limit>)| {
            let (least, most) = (least?, most?);
            (least.1 > most.1).then_some((least.0, most.0))
        };
        let narrow = pairs
            .into_iter()
            .map(|[least, most]| (least, most))
            .chain([(least_bytes, letters[1])]);
        if let Some((least, most)) = narrow.into_iter().find_map(over) {
            let said = |name| self.count(name).map_or(0, |it| it.1);
            return Some(format!(
                "{least} {} and {most} {}, which nothing is both",
                said(least),
                said(most)
            ));
        }
        let mut most = letters.into_iter().chain(bytes).flatten();
        let none = most.find(|it| it.1 == 0 && !it.0.starts_with("min"));
        let (name, _) = none.filter(|_| needed)?;
        Some(format!(
            "{name} 0 on what is required, so that no value is right"
        ))
    }

    /// What a text has to begin with, end with and hold, beside what it may not.
    fn texts(&self) -> Option<String> {
        if !matches!(self.of, "string" | "bytes") {
            return None;
        }
        let parts = ["prefix", "suffix", "contains"];
        for (name, part) in parts.iter().filter_map(|it| Some((*it, self.given(it)?))) {
            if let (Value::String(part), Some(Value::String(not))) =
                (&part, self.given("not_contains"))
                && !not.is_empty()
                && part.contains(&not)
            {
                return Some(format!(
                    "{name} {part:?} and not_contains {not:?}, which nothing keeps both"
                ));
            }
            if let Some(why) = self.too_long(&part) {
                return Some(format!("{name} {}, but {why}", shown(&part)));
            }
        }
        None
    }

    /// The limit that a part exceeds.
    fn too_long(&self, part: &Value) -> Option<String> {
        let (letters, bytes) = match part {
            Value::String(it) => (it.chars().count(), it.len()),
            Value::Bytes(it) => (it.len(), it.len()),
            _ => return None,
        };
        let of_letters = [("max_len", letters), ("len", letters)];
        let of_bytes = [("max_bytes", bytes), ("len_bytes", bytes)];
        of_letters
            .into_iter()
            .chain(of_bytes)
            .find_map(|(name, size)| {
                let (_, most) = self.count(name)?;
                (size as u64 > most).then(|| format!("{name} is {most}"))
            })
    }

    fn bound(&self, name: &'static str) -> Option<(&'static str, Number)> {
        Some((name, number(&self.given(name)?)?))
    }

    fn low(&self) -> Option<(&'static str, Number)> {
        self.bound("gt").or_else(|| self.bound("gte"))
    }

    fn high(&self) -> Option<(&'static str, Number)> {
        self.bound("lt").or_else(|| self.bound("lte"))
    }

    /// Bounds with nothing between them, or nothing beyond one.
    fn bounds(&self) -> Option<String> {
        let (least, most) = self.range();
        let (low, high) = (self.low(), self.high());
        if let (Some((low_name, from)), Some((high_name, to))) = (low, high) {
            let is_empty = match (from, to) {
                (Number::Whole(from), Number::Whole(to)) if from <= to => {
                    from + i128::from(low_name == "gt") > to - i128::from(high_name == "lt")
                }
                _ => from == to && (low_name, high_name) != ("gte", "lte"),
            };
            let nothing = "which nothing is both";
            return is_empty.then(|| {
                let [from, to] = [low_name, high_name].map(|it| self.said(it));
                format!("{low_name} {from} and {high_name} {to}, {nothing}")
            });
        }
        let beyond = match (low, high) {
            (Some(("gt", Number::Whole(it))), _) => (it >= most).then_some("gt"),
            (_, Some(("lt", Number::Whole(it)))) => (it <= least).then_some("lt"),
            _ => None,
        }?;
        let side = if beyond == "gt" { "more" } else { "less" };
        Some(format!(
            "{beyond} {}, and no {} is {side}",
            self.said(beyond),
            self.of
        ))
    }

    /// Of whole numbers.
    fn range(&self) -> (i128, i128) {
        match self.of {
            "int32" | "sint32" | "sfixed32" => (i32::MIN.into(), i32::MAX.into()),
            "int64" | "sint64" | "sfixed64" => (i64::MIN.into(), i64::MAX.into()),
            "uint32" | "fixed32" => (0, u32::MAX.into()),
            "uint64" | "fixed64" => (0, u64::MAX.into()),
            _ => (i128::MIN, i128::MAX),
        }
    }

    fn now(&self) -> Option<String> {
        let says = |name| self.given(name).and_then(|it| it.as_bool()) == Some(true);
        let both = self.of == "timestamp" && says("lt_now") && says("gt_now");
        both.then(|| "lt_now and gt_now, which no time is both".to_owned())
    }

    /// Values of an enumeration that is not to have others than it defines.
    fn undefined(&self) -> Option<String> {
        let Kind::Enum(of) = self.kind else {
            return None;
        };
        if self.of != "enum" || self.given("defined_only") != Some(Value::Bool(true)) {
            return None;
        }
        let said = self.given("const").into_iter().map(|it| ("const", it));
        let listed = self.list("in").into_iter().map(|it| ("in", it));
        let (name, value) = said.chain(listed).find(|(_, value)| {
            let number = value.as_i32();
            number.is_some_and(|it| of.get_value(it).is_none())
        })?;
        Some(format!(
            "{name} has {}, which {} does not define, and defined_only",
            shown(&value),
            of.full_name()
        ))
    }

    /// Values that are named, of which the other rules leave none.
    fn choices(&self, needed: bool) -> Option<String> {
        if matches!(self.of, "field_mask" | "repeated" | "map") {
            return None;
        }
        let only = self.given("const");
        let among = self.list("in");
        let without = self.list("not_in");
        let (name, named) = match (&only, self.kind) {
            (Some(only), _) => ("const", vec![only.clone()]),
            (None, _) if !among.is_empty() => ("in", among.clone()),
            (None, Kind::Enum(of)) if self.given("defined_only") == Some(Value::Bool(true)) => {
                let all = of.values().map(|it| Value::I32(it.number()));
                ("defined_only", all.collect())
            }
            _ => return None,
        };
        let mut why = "";
        let mut is_left = |it: &Value| {
            let broken = [
                ("in", !among.is_empty() && !among.contains(it)),
                ("not_in", without.contains(it)),
                ("the bounds", !self.is_within(it)),
                ("the length", !self.is_long_enough(it)),
                ("prefix, suffix or contains", !self.has_parts(it)),
                ("required", needed && is_zero(it)),
            ];
            let first = broken.into_iter().find(|(_, is_broken)| *is_broken);
            why = first.map_or(why, |(rule, _)| rule);
            first.is_none()
        };
        if named.iter().any(&mut is_left) {
            return None;
        }
        let told = if name == "defined_only" {
            String::new()
        } else {
            let all: Vec<_> = named.iter().map(shown).collect();
            format!(" {}", all.join(", "))
        };
        Some(format!("{name}{told}, of which nothing is left by {why}"))
    }

    fn is_within(&self, value: &Value) -> bool {
        let Some(it) = number(value) else {
            return true;
        };
        let over = |(name, low): (&str, Number)| it > low || name == "gte" && it == low;
        let under = |(name, high): (&str, Number)| it < high || name == "lte" && it == high;
        match (self.low(), self.high()) {
            (Some(low), Some(high)) if low.1 > high.1 => over(low) || under(high),
            (low, high) => low.is_none_or(over) && high.is_none_or(under),
        }
    }

    fn is_long_enough(&self, value: &Value) -> bool {
        let (letters, bytes) = match value {
            Value::String(it) => (it.chars().count(), it.len()),
            Value::Bytes(it) => (it.len(), it.len()),
            _ => return true,
        };
        let at_least = |name, size: usize| self.count(name).is_none_or(|it| it.1 <= size as u64);
        self.too_long(value).is_none()
            && ["min_len", "len"].iter().all(|it| at_least(it, letters))
            && ["min_bytes", "len_bytes"]
                .iter()
                .all(|it| at_least(it, bytes))
    }

    fn has_parts(&self, value: &Value) -> bool {
        let Value::String(it) = value else {
            return true;
        };
        let part = |name| {
            self.given(name)
                .and_then(|it| it.as_str().map(str::to_owned))
        };
        part("prefix").is_none_or(|part| it.starts_with(&part))
            && part("suffix").is_none_or(|part| it.ends_with(&part))
            && part("contains").is_none_or(|part| it.contains(&part))
            && part("not_contains").is_none_or(|part| !it.contains(&part))
    }

    fn said(&self, name: &str) -> String {
        self.given(name).as_ref().map(shown).unwrap_or_default()
    }
}

/// A rule and what it says.
type Limit = (&'static str, u64);

fn number(value: &Value) -> Option<Number> {
    Some(match value {
        Value::I32(it) | Value::EnumNumber(it) => Number::Whole((*it).into()),
        Value::I64(it) => Number::Whole((*it).into()),
        Value::U32(it) => Number::Whole((*it).into()),
        Value::U64(it) => Number::Whole((*it).into()),
        Value::F32(it) => Number::Real((*it).into()),
        Value::F64(it) => Number::Real(*it),
        // Durations and timestamps.
        Value::Message(it) => {
            let part = |name: &str| it.get_field_by_name(name).map(std::borrow::Cow::into_owned);
            let seconds = part("seconds")?.as_i64()?;
            let nanos = part("nanos")?.as_i32()?;
            Number::Whole(i128::from(seconds) * 1_000_000_000 + i128::from(nanos))
        }
        _ => return None,
    })
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(it) => !it,
        Value::String(it) => it.is_empty(),
        Value::Bytes(it) => it.is_empty(),
        Value::Message(_) => false,
        other => {
            matches!(number(other), Some(Number::Whole(0)))
                || number(other) == Some(Number::Real(0.0))
        }
    }
}

/// As the .proto has it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(it) => format!("{it:?}"),
        Value::Bytes(it) => format!("{:?}", String::from_utf8_lossy(it)),
        other => other.to_string(),
    }
}
