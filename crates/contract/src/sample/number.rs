//! Numbers, and the values of enumerations.

use protox::prost_reflect::{DynamicMessage, Kind, Value};

use super::{given, only};

/// Rules that say which numbers.
const KNOWN: [&str; 10] = [
    "const",
    "lt",
    "lte",
    "gt",
    "gte",
    "in",
    "not_in",
    "finite",
    "example",
    "defined_only",
];

/// Those that `rules` allow, of some that are likely.
#[expect(
    clippy::float_cmp,
    reason = "they are whole, or as the .proto has them"
)]
pub(super) fn numbers(kind: &Kind, rules: Option<&DynamicMessage>) -> Option<Vec<Value>> {
    let mut all: Vec<f64> = vec![1.0, 2.0];
    if let Kind::Enum(it) = kind {
        let declared = it.values().map(|it| f64::from(it.number()));
        // The first one says nothing.
        let (zero, told): (Vec<_>, Vec<_>) = declared.partition(|it| *it == 0.0);
        all = told.into_iter().chain(zero).collect();
    }
    let Some(rules) = rules else {
        return all.into_iter().map(|it| of(kind, it)).collect();
    };
    only(rules, &KNOWN)?;
    let said = |name: &str| given(rules, name).as_ref().and_then(number);
    let list = |name: &str| -> Option<Vec<f64>> {
        let value = given(rules, name);
        let items = value.as_ref().and_then(Value::as_list).unwrap_or_default();
        items.iter().map(number).collect()
    };
    let is_lost = |name: &&str| given(rules, name).is_some() && said(name).is_none();
    if ["const", "gt", "gte", "lt", "lte"].iter().any(is_lost) {
        return None;
    }
    let (among, without) = (list("in")?, list("not_in")?);
    let bounds = ["gt", "gte", "lt", "lte"].map(said);
    let [over, from, under, to] = bounds;
    all.extend(said("const"));
    all.extend(list("example")?.into_iter().chain(among.iter().copied()));
    for bound in bounds.into_iter().flatten() {
        all.extend([bound, bound + 1.0, bound + 2.0, bound - 1.0, bound - 2.0]);
    }
    let is_over = |it: f64| over.is_none_or(|over| it > over) && from.is_none_or(|from| it >= from);
    let is_under = |it: f64| under.is_none_or(|under| it < under) && to.is_none_or(|to| it <= to);
    // Bounds the wrong way round mean what is outside of them.
    let outside = match (over.or(from), under.or(to)) {
        (Some(low), Some(high)) => low > high,
        _ => false,
    };
    all.retain(|it| {
        let bounded = if outside {
            is_over(*it) || is_under(*it)
        } else {
            is_over(*it) && is_under(*it)
        };
        bounded
            && said("const").is_none_or(|said| said == *it)
            && (among.is_empty() || among.contains(it))
            && !without.contains(it)
    });
    let all: Vec<_> = all.into_iter().filter_map(|it| of(kind, it)).collect();
    (!all.is_empty()).then_some(all)
}

/// Not of what a float would round.
fn number(value: &Value) -> Option<f64> {
    const MOST: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_precision_loss,
        reason = "what would lose is refused below"
    )]
    let number = match *value {
        Value::I32(it) | Value::EnumNumber(it) => f64::from(it),
        Value::U32(it) => f64::from(it),
        Value::I64(it) => it as f64,
        Value::U64(it) => it as f64,
        Value::F32(it) => f64::from(it),
        Value::F64(it) => it,
        _ => return None,
    };
    (number.abs() < MOST).then_some(number)
}

/// The number as a value of `kind`, if it is one.
#[expect(
    clippy::cast_possible_truncation,
    reason = "what does not fit is left out"
)]
fn of(kind: &Kind, number: f64) -> Option<Value> {
    let whole = number as i64;
    Some(match kind {
        Kind::Double => Value::F64(number),
        Kind::Float => Value::F32(number as f32),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(i32::try_from(whole).ok()?),
        Kind::Enum(_) => Value::EnumNumber(i32::try_from(whole).ok()?),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(whole),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(u32::try_from(whole).ok()?),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(u64::try_from(whole).ok()?),
        _ => return None,
    })
}
