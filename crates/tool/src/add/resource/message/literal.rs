//! Values that rules allow, as Rust of the type that a field has.

use contract::{MapKey, Value};
use syn::Type;

use super::kind::Rust;

/// `two` as the field's type has them; `None` if no literal says so.
pub(super) fn both(two: &[Value; 2], ty: &Type) -> Option<[String; 2]> {
    let ty = Rust::of(ty);
    let [one, other] = two;
    Some([written(one, &ty)?, written(other, &ty)?])
}

fn written(value: &Value, ty: &Rust) -> Option<String> {
    if let Rust::Option(of) = ty {
        return Some(format!("Some({})", written(value, of)?));
    }
    Some(match value {
        Value::Bool(it) => it.to_string(),
        Value::I32(it) | Value::EnumNumber(it) => grouped(&it.to_string()),
        Value::I64(it) => grouped(&it.to_string()),
        Value::U32(it) => grouped(&it.to_string()),
        Value::U64(it) => grouped(&it.to_string()),
        Value::F32(it) => format!("{it:?}"),
        Value::F64(it) => format!("{it:?}"),
        Value::String(it) => format!("{it:?}.to_owned()"),
        Value::Bytes(it) => format!("vec!{:?}", &it[..]),
        Value::List(items) => {
            let Rust::List(of) = ty else { return None };
            let items: Vec<_> = items
                .iter()
                .map(|it| written(it, of))
                .collect::<Option<_>>()?;
            format!("vec![{}]", items.join(", "))
        }
        Value::Map(entries) => {
            let Rust::Map(_, of) = ty else { return None };
            let entry = |(key, value): (&MapKey, &Value)| {
                let key = match key {
                    MapKey::String(it) => format!("{it:?}.to_owned()"),
                    MapKey::Bool(it) => it.to_string(),
                    MapKey::I32(it) => grouped(&it.to_string()),
                    MapKey::I64(it) => grouped(&it.to_string()),
                    MapKey::U32(it) => grouped(&it.to_string()),
                    MapKey::U64(it) => grouped(&it.to_string()),
                };
                Some(format!("({key}, {})", written(value, of)?))
            };
            let entries: Vec<_> = entries.iter().map(entry).collect::<Option<_>>()?;
            format!("[{}].into()", entries.join(", "))
        }
        Value::Message(_) => return None,
    })
}

/// A number as lints want to read it: `1_000_000`.
fn grouped(digits: &str) -> String {
    let mut out = String::new();
    for (place, letter) in digits.char_indices() {
        let left = digits.len() - place;
        if place > 0 && left.is_multiple_of(3) && letter.is_ascii_digit() && !out.ends_with('-') {
            out.push('_');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn digits_are_grouped_by_three() {
        for (digits, expected) in [("7", "7"), ("-100", "-100"), ("1000000", "1_000_000")] {
            assert_eq!(grouped(digits), expected);
        }
    }
}
