//! Values of the .proto's options, written out.

use protox::prost_reflect::{DynamicMessage, Kind, ReflectMessage as _, Value};

use super::value::{Elem, Ty, Val};
use crate::validate::names;

/// `value` of a field of `kind` as an expression.
pub(in crate::validate) fn constant(kind: &Kind, value: &Value) -> Result<Val, String> {
    if let Value::List(items) = value {
        let items = items.iter().map(|it| single(kind, it));
        let items = items.collect::<Result<Vec<_>, _>>()?;
        let ty = match items.first() {
            Some(first) => first.ty.clone(),
            None => match names::ty(kind) {
                Ty::Wrapper(of) => *of,
                ty => ty,
            },
        };
        return list(ty, &items);
    }
    single(kind, value)
}

/// A list of values, each of type `ty`.
pub(super) fn list(ty: Ty, items: &[Val]) -> Result<Val, String> {
    if let Some(other) = items.iter().find(|it| !it.ty.is(&ty)) {
        return Err(format!(
            "a list has {} beside {}",
            other.ty.name(),
            ty.name()
        ));
    }
    let fails = items.iter().any(|it| it.fails);
    let codes: Vec<_> = items.iter().map(Val::borrowed).collect();
    let code = format!(
        "([{}] as [{}; {}])",
        codes.join(", "),
        ty.rust(),
        items.len()
    );
    Ok(Val::new(Ty::List(Box::new(Elem::plain(ty))), code).failing(fails))
}

fn single(kind: &Kind, value: &Value) -> Result<Val, String> {
    Ok(match value {
        Value::Bool(it) => Val::bool(*it),
        Value::I32(it) | Value::EnumNumber(it) => Val::int((*it).into()),
        Value::I64(it) => Val::int(*it),
        Value::U32(it) => Val::uint((*it).into()),
        Value::U64(it) => Val::uint(*it),
        Value::F32(it) => Val::double((*it).into()),
        Value::F64(it) => Val::double(*it),
        Value::String(it) => Val::text(it),
        Value::Bytes(it) => Val::bytes(it),
        Value::Message(it) => message(it)?,
        Value::List(_) | Value::Map(_) => {
            return Err(format!("a value of {kind:?} has no meaning here"));
        }
    })
}

fn message(message: &DynamicMessage) -> Result<Val, String> {
    let name = message.descriptor().full_name().to_owned();
    let whole = |field| {
        let value = message.get_field_by_name(field);
        let value = value.and_then(|it| it.as_i64().or_else(|| it.as_i32().map(i64::from)));
        i128::from(value.unwrap_or_default())
    };
    let nanos = || whole("seconds") * 1_000_000_000 + whole("nanos");
    if names::scalar_of(&name).is_some() {
        let field = message.descriptor().get_field(1);
        let field = field.ok_or_else(|| format!("{name} wraps nothing"))?;
        return constant(&field.kind(), &message.get_field(&field));
    }
    Ok(match name.as_str() {
        "google.protobuf.Timestamp" => Val::time(Ty::Timestamp, nanos()),
        "google.protobuf.Duration" => Val::time(Ty::Duration, nanos()),
        _ => Val::new(Ty::Const(message.clone()), String::new()),
    })
}
