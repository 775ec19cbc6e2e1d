//! From an expression to Rust.

use protox::prost_reflect::{FieldDescriptor, MessageDescriptor, ReflectMessage as _};

use super::constant::{constant, list};
use super::parse::Expr;
use super::value::{Elem, Ty, Val};
use crate::validate::names;

/// Writes expressions; knows what their names stand for.
#[derive(Debug, Default)]
pub(in crate::validate) struct Emitter {
    names: Vec<(String, Val)>,
    made: usize,
    /// Whether an expression asked for the time, which is called `now`.
    pub(in crate::validate) asks_now: bool,
}

impl Emitter {
    /// `name` stands for `val` from here on.
    pub(in crate::validate) fn name(&mut self, name: &str, val: Val) {
        self.names.push((name.to_owned(), val));
    }

    /// With `name` for one of `ty`: the expression, and what the name is in Rust.
    pub(super) fn within(
        &mut self,
        name: &str,
        ty: Ty,
        expr: &Expr,
    ) -> Result<(String, Val), String> {
        let made = format!("v{}", self.made);
        self.made += 1;
        self.name(name, Val::new(ty, made.clone()));
        let val = self.expr(expr);
        self.names.pop();
        Ok((made, val?))
    }

    /// What `expr` is in Rust.
    ///
    /// # Errors
    ///
    /// If it is nothing.
    pub(in crate::validate) fn expr(&mut self, expr: &Expr) -> Result<Val, String> {
        Ok(match expr {
            Expr::Null => Val::new(Ty::Null, "()"),
            Expr::Bool(it) => Val::bool(*it),
            Expr::Int(it) => Val::int(*it),
            Expr::Uint(it) => Val::uint(*it),
            Expr::Double(it) => Val::double(*it),
            Expr::Text(it) => Val::text(it),
            Expr::Bytes(it) => Val::bytes(it),
            Expr::Name(name) => self.variable(name)?,
            Expr::Select(of, field) => {
                let of = self.expr(of)?;
                Self::select(&of, field)?
            }
            Expr::Index(of, index) => self.index(of, index)?,
            Expr::Call(target, name, arguments) => self.call(target.as_deref(), name, arguments)?,
            Expr::List(items) => {
                let items = items.iter().map(|it| self.scalar(it));
                let items = items.collect::<Result<Vec<_>, _>>()?;
                let ty = items.first().map_or(Ty::Int, |it| it.ty.clone());
                list(ty, &items)?
            }
            Expr::Unary(operator, of) => self.unary(operator, of)?,
            Expr::Binary(operator, left, right) => self.binary(operator, left, right)?,
            Expr::Cond(test, yes, no) => self.cond(test, yes, no)?,
        })
    }

    /// As [`Emitter::expr`], a wrapper unwrapped.
    pub(super) fn scalar(&mut self, expr: &Expr) -> Result<Val, String> {
        self.expr(expr).map(unwrapped)
    }

    fn variable(&mut self, name: &str) -> Result<Val, String> {
        if name == "now" && !self.names.iter().any(|(it, _)| it == name) {
            self.asks_now = true;
            return Ok(Val::new(Ty::Timestamp, "now"));
        }
        let known = self.names.iter().rev().find(|(it, _)| it == name);
        known.map(|(_, val)| val.clone()).ok_or_else(|| {
            let known: Vec<_> = self.names.iter().map(|(it, _)| it.as_str()).collect();
            format!("{name} is unknown; there are {}, now", known.join(", "))
        })
    }

    fn cond(&mut self, test: &Expr, yes: &Expr, no: &Expr) -> Result<Val, String> {
        let test = self.scalar(test)?;
        if test.ty != Ty::Bool {
            return Err(format!(
                "what stands before ? is {}, not bool",
                test.ty.name()
            ));
        }
        // Only what is reached has to have a meaning.
        match test.truth() {
            Some(true) => return self.expr(yes),
            Some(false) => return self.expr(no),
            None => {}
        }
        let (yes, no) = (self.scalar(yes)?, self.scalar(no)?);
        if !yes.ty.is(&no.ty) {
            return Err(format!(
                "? chooses between {} and {}",
                yes.ty.name(),
                no.ty.name()
            ));
        }
        let fails = test.fails || yes.fails || no.fails;
        let own = yes.own || no.own;
        let code = |it: &Val| if own { it.cow() } else { it.code.clone() };
        let ty = match (&yes.ty, &no.ty) {
            (Ty::List(a), Ty::List(b)) if a.store != b.store => {
                return Err("? chooses between lists of two kinds".to_owned());
            }
            (ty, _) => ty.clone(),
        };
        let code = format!(
            "(if {} {{ {} }} else {{ {} }})",
            test.code,
            code(&yes),
            code(&no)
        );
        let mut val = Val::new(ty, code).failing(fails);
        val.own = own;
        Ok(val)
    }

    /// `of.name`.
    pub(super) fn select(of: &Val, name: &str) -> Result<Val, String> {
        match &of.ty {
            Ty::Message(message) => {
                let Some(field) = message.get_field_by_name(name) else {
                    return missing(of, message, name);
                };
                let mut val = field_of(&field, &of.code).failing(of.fails);
                val.dynamic = of.dynamic;
                Ok(val)
            }
            Ty::Const(message) => {
                let descriptor = message.descriptor();
                let Some(field) = descriptor.get_field_by_name(name) else {
                    return Err(no_field(&descriptor, name));
                };
                constant(&field.kind(), &message.get_field(&field))
            }
            _ if of.dynamic => Ok(Val::new(
                Ty::Never,
                format!(
                    "return Err(__v::cel::Failed({:?}))",
                    format!("no field {name}")
                ),
            )
            .failing(true)),
            ty => Err(format!("{} has no field {name}", ty.name())),
        }
    }

    /// `has(of.name)`.
    pub(super) fn has(of: &Val, name: &str) -> Result<Val, String> {
        match &of.ty {
            Ty::Message(message) => {
                let Some(field) = message.get_field_by_name(name) else {
                    return Err(no_field(message, name));
                };
                Ok(Val::new(Ty::Bool, is_set(&field, &of.code)).failing(of.fails))
            }
            Ty::Const(message) => {
                let descriptor = message.descriptor();
                let Some(field) = descriptor.get_field_by_name(name) else {
                    return Err(no_field(&descriptor, name));
                };
                Ok(Val::bool(message.has_field(&field)))
            }
            Ty::Map(..) => Self::contains(of, &Val::text(name)),
            ty => Err(format!("{} has no field {name}", ty.name())),
        }
    }

    fn index(&mut self, of: &Expr, index: &Expr) -> Result<Val, String> {
        let (of, index) = (self.expr(of)?, self.scalar(index)?);
        let missing = "ok_or(__v::cel::Failed(\"there is no such element\"))?";
        match &of.ty {
            Ty::List(elem) if index.ty == Ty::Int => {
                let at = format!("usize::try_from({}).unwrap_or(usize::MAX)", index.code);
                let code = format!(
                    "{}.iter().nth({at}).map(|it| {}).{missing}",
                    of.code,
                    elem.read("it")
                );
                Ok(Val::new(unwrap(&elem.ty), code).failing(true))
            }
            Ty::Map(key, value) if index.ty.is(&key.ty) => {
                let found = lookup(&of, &index);
                let code = format!("{found}.map(|it| {}).{missing}", value.read("it"));
                Ok(Val::new(unwrap(&value.ty), code).failing(true))
            }
            ty => Err(format!(
                "{} cannot be indexed by {}",
                ty.name(),
                index.ty.name()
            )),
        }
    }

    /// An iterator over the elements or keys, and what they are.
    pub(super) fn iterator(of: &Val) -> Result<(String, Ty), String> {
        match &of.ty {
            Ty::List(elem) => {
                let code = format!("{}.iter().map(|it| {})", of.code, elem.read("it"));
                Ok((code, unwrap(&elem.ty)))
            }
            Ty::Map(key, _) => {
                let code = format!("{}.keys().map(|it| {})", of.code, key.read("it"));
                Ok((code, key.ty.clone()))
            }
            ty => Err(format!("{} has no elements", ty.name())),
        }
    }
}

/// An `Option` of the value of `key`.
pub(super) fn lookup(map: &Val, key: &Val) -> String {
    match map.ty {
        Ty::Map(ref of, _) if of.ty == Ty::Text => {
            format!("{}.get({})", map.code, key.borrowed())
        }
        // Of whatever width its numbers are.
        _ => format!("__v::cel::find({}, {})", map.code, key.code),
    }
}

/// A field of the message `of`, its default if it is not there.
fn field_of(field: &FieldDescriptor, of: &str) -> Val {
    if let Some((key, value)) = names::entry(field) {
        let (key, value) = (names::elem(&key), names::elem(&value));
        let ty = Ty::Map(Box::new(key), Box::new(value));
        return Val::new(ty, format!("(&{})", names::member(field, of)));
    }
    let elem = names::elem(field);
    if field.is_list() {
        let code = format!("{}.as_slice()", names::member(field, of));
        return Val::new(Ty::List(Box::new(elem)), code);
    }
    let Some(option) = names::option(field, of) else {
        let code = elem.read(&format!("(&{})", names::member(field, of)));
        return Val::new(elem.ty, code);
    };
    let read = elem.read("it");
    let code = match &elem.ty {
        Ty::Message(message) => {
            let path = names::message(message);
            format!(
                "{{ static EMPTY: ::std::sync::LazyLock<{path}> = \
                 ::std::sync::LazyLock::new(Default::default); {option}.unwrap_or(&*EMPTY) }}"
            )
        }
        Ty::Wrapper(_) => format!("{option}.map(|it| {read})"),
        Ty::Timestamp | Ty::Duration => {
            format!("{option}.map_or({}(0), |it| {read})", elem.ty.rust())
        }
        _ => {
            let default = constant(&field.kind(), &field.default_value());
            let default = default.map_or_else(|_| "Default::default()".to_owned(), |it| it.code);
            format!("{option}.map_or({default}, |it| {read})")
        }
    };
    Val::new(elem.ty, code)
}

/// Whether a field of the message `of` is there.
pub(in crate::validate) fn is_set(field: &FieldDescriptor, of: &str) -> String {
    if let Some(option) = names::option(field, of) {
        return format!("{option}.is_some()");
    }
    let member = names::member(field, of);
    if field.is_list() || field.is_map() {
        return format!("!{member}.is_empty()");
    }
    is_not_zero(&names::elem(field), &format!("(&{member})"))
}

/// Whether what a reference leads to is not zero.
pub(in crate::validate) fn is_not_zero(elem: &Elem, it: &str) -> String {
    let ty = match &elem.ty {
        Ty::Wrapper(of) => of,
        ty => ty,
    };
    match ty {
        Ty::Text | Ty::Bytes => format!("!{it}.is_empty()"),
        Ty::Bool => format!("*{it}"),
        Ty::Double => format!("(*{it} != 0.0)"),
        Ty::Int | Ty::Uint => format!("(*{it} != 0)"),
        _ => format!("(*{it} != Default::default())"),
    }
}

/// A wrapper's scalar: it fails if there is none.
pub(super) fn unwrapped(val: Val) -> Val {
    let Ty::Wrapper(of) = &val.ty else {
        return val;
    };
    let code = format!(
        "{}.ok_or(__v::cel::Failed(\"a wrapper is empty\"))?",
        val.code
    );
    Val::new((**of).clone(), code).failing(true)
}

/// An element of a list is never missing.
fn unwrap(ty: &Ty) -> Ty {
    match ty {
        Ty::Wrapper(of) => (**of).clone(),
        ty => ty.clone(),
    }
}

fn missing(of: &Val, message: &MessageDescriptor, name: &str) -> Result<Val, String> {
    let why = no_field(message, name);
    if !of.dynamic {
        return Err(why);
    }
    let code = format!("return Err(__v::cel::Failed({why:?}))");
    Ok(Val::new(Ty::Never, code).failing(true))
}

fn no_field(message: &MessageDescriptor, name: &str) -> String {
    let known: Vec<_> = message.fields().map(|it| it.name().to_owned()).collect();
    format!(
        "{} has no field {name}; it has {}",
        message.full_name(),
        known.join(", ")
    )
}
