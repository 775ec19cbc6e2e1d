//! Operators.

use super::emit::{Emitter, lookup, unwrapped};
use super::parse::Expr;
use super::value::{Known, Ty, Val};

impl Emitter {
    pub(super) fn unary(&mut self, operator: &str, of: &Expr) -> Result<Val, String> {
        let of = self.scalar(of)?;
        match (operator, &of.ty) {
            ("!", Ty::Bool) => {
                if let Some(known) = of.truth() {
                    return Ok(Val::bool(!known));
                }
                Ok(Val::new(Ty::Bool, format!("!{}", of.code)).failing(of.fails))
            }
            ("-", Ty::Int) => match of.known {
                Some(Known::Int(it)) if it != i64::MIN => Ok(Val::int(-it)),
                _ => {
                    let code = format!("__v::cel::Whole::negated({})?", of.code);
                    Ok(Val::new(Ty::Int, code).failing(true))
                }
            },
            ("-", Ty::Double) => match of.known {
                Some(Known::Double(it)) => Ok(Val::double(-it)),
                _ => Ok(Val::new(Ty::Double, format!("(-{})", of.code)).failing(of.fails)),
            },
            ("-", Ty::Duration) => {
                let code = format!("__v::cel::Duration(0).minus({})", of.code);
                Ok(Val::new(Ty::Duration, code).failing(of.fails))
            }
            (_, ty) => Err(format!("{operator} does not go with {}", ty.name())),
        }
    }

    pub(super) fn binary(
        &mut self,
        operator: &str,
        left: &Expr,
        right: &Expr,
    ) -> Result<Val, String> {
        match operator {
            "&&" | "||" => return self.junction(operator, left, right),
            "==" | "!=" => return self.equality(operator, left, right),
            _ => {}
        }
        let left = self.scalar(left)?;
        if operator == "in" {
            let right = self.expr(right)?;
            return Self::contains(&right, &left);
        }
        let right = self.scalar(right)?;
        if left.ty == Ty::Never || right.ty == Ty::Never {
            return Ok(never(&left, &right, Ty::Never));
        }
        match operator {
            "<" | "<=" | ">" | ">=" => comparison(operator, &left, &right),
            _ => arithmetic(operator, &left, &right),
        }
    }

    fn junction(&mut self, operator: &str, left: &Expr, right: &Expr) -> Result<Val, String> {
        let decides = operator == "||";
        let left = self.scalar(left)?;
        // What is not reached need not have a meaning.
        if left.truth() == Some(decides) {
            return Ok(Val::bool(decides));
        }
        let right = self.scalar(right)?;
        for side in [&left, &right] {
            if side.ty != Ty::Bool {
                return Err(format!("{operator} joins {}, not bool", side.ty.name()));
            }
        }
        match (left.truth(), right.truth()) {
            (_, Some(it)) if it == decides => return Ok(Val::bool(decides)),
            (Some(_), _) => return Ok(right),
            (_, Some(_)) => return Ok(left),
            _ => {}
        }
        let code = if left.fails {
            let name = if decides { "or" } else { "and" };
            format!(
                "__v::cel::{name}(|| Ok({}), || Ok({}))?",
                left.code, right.code
            )
        } else {
            format!("({} {operator} {})", left.code, right.code)
        };
        Ok(Val::new(Ty::Bool, code).failing(left.fails || right.fails))
    }

    fn equality(&mut self, operator: &str, left: &Expr, right: &Expr) -> Result<Val, String> {
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        let fails = left.fails || right.fails;
        let code = match (&left.ty, &right.ty) {
            (Ty::Never, _) | (_, Ty::Never) => return Ok(never(&left, &right, Ty::Bool)),
            (Ty::Wrapper(_), Ty::Null) => format!("{}.is_none()", left.code),
            (Ty::Null, Ty::Wrapper(_)) => format!("{}.is_none()", right.code),
            (Ty::Wrapper(a), b) if **a == *b => {
                format!("({} == Some({}))", left.code, right.borrowed())
            }
            (a, Ty::Wrapper(b)) if *a == **b => {
                format!("(Some({}) == {})", left.borrowed(), right.code)
            }
            (a, b) if a.is(b) => {
                if let (Some(a), Some(b)) = (&left.known, &right.known) {
                    return Ok(Val::bool((a == b) == (operator == "==")));
                }
                same(a, &left, &right)?
            }
            (a, b) => return Err(format!("{} is compared to {}", a.name(), b.name())),
        };
        let code = if operator == "==" {
            code
        } else {
            format!("!({code})")
        };
        Ok(Val::new(Ty::Bool, code).failing(fails))
    }

    /// `item in of`.
    pub(super) fn contains(of: &Val, item: &Val) -> Result<Val, String> {
        let fails = of.fails || item.fails;
        let code = match &of.ty {
            Ty::List(elem) => {
                let ty = match &elem.ty {
                    Ty::Wrapper(of) => of,
                    ty => ty,
                };
                if !item.ty.is(ty) {
                    return Err(format!("{} is sought in {}", item.ty.name(), of.ty.name()));
                }
                let bound = Val {
                    code: "sought".to_owned(),
                    ..item.clone()
                };
                let read = Val::new(ty.clone(), elem.read("it"));
                let same = same(ty, &read, &bound)?;
                format!(
                    "{{ let sought = {}; {}.iter().any(|it| {same}) }}",
                    item.code, of.code
                )
            }
            Ty::Map(key, _) if item.ty.is(&key.ty) => format!("{}.is_some()", lookup(of, item)),
            ty => return Err(format!("{} is sought in {}", item.ty.name(), ty.name())),
        };
        Ok(Val::new(Ty::Bool, format!("({code})")).failing(fails))
    }
}

/// Whether two of type `ty` are the same.
fn same(ty: &Ty, left: &Val, right: &Val) -> Result<String, String> {
    Ok(match ty {
        Ty::Text | Ty::Bytes => format!("({} == {})", left.borrowed(), right.borrowed()),
        Ty::Message(_) => format!("(*{} == *{})", left.code, right.code),
        Ty::List(of) if !matches!(of.ty, Ty::List(_) | Ty::Map(..)) => {
            let (left, _) = Emitter::iterator(left)?;
            let (right, _) = Emitter::iterator(right)?;
            format!("{left}.eq({right})")
        }
        Ty::List(_) | Ty::Map(..) | Ty::Const(_) => {
            return Err(format!("values of {} cannot be compared", ty.name()));
        }
        _ => format!("({} == {})", left.code, right.code),
    })
}

/// What fails before it is anything.
fn never(left: &Val, right: &Val, ty: Ty) -> Val {
    let code = if left.ty == Ty::Never {
        &left.code
    } else {
        &right.code
    };
    Val::new(ty, format!("({{ {code} }})")).failing(true)
}

fn comparison(operator: &str, left: &Val, right: &Val) -> Result<Val, String> {
    let fit = left.ty.is(&right.ty);
    let ordered = matches!(
        left.ty,
        Ty::Bool
            | Ty::Int
            | Ty::Uint
            | Ty::Double
            | Ty::Text
            | Ty::Bytes
            | Ty::Timestamp
            | Ty::Duration
    );
    if !fit || !ordered {
        return Err(format!(
            "{} {operator} {} has no meaning",
            left.ty.name(),
            right.ty.name()
        ));
    }
    let ranked = match (&left.known, &right.known) {
        (Some(Known::Int(a)), Some(Known::Int(b))) => a.partial_cmp(b),
        (Some(Known::Uint(a)), Some(Known::Uint(b))) => a.partial_cmp(b),
        (Some(Known::Double(a)), Some(Known::Double(b))) => a.partial_cmp(b),
        (Some(Known::Nanos(a)), Some(Known::Nanos(b))) => a.partial_cmp(b),
        _ => None,
    };
    if let Some(ranked) = ranked {
        return Ok(Val::bool(match operator {
            "<" => ranked.is_lt(),
            "<=" => ranked.is_le(),
            ">" => ranked.is_gt(),
            _ => ranked.is_ge(),
        }));
    }
    let code = format!("({} {operator} {})", left.borrowed(), right.borrowed());
    Ok(Val::new(Ty::Bool, code).failing(left.fails || right.fails))
}

fn arithmetic(operator: &str, left: &Val, right: &Val) -> Result<Val, String> {
    let fails = left.fails || right.fails;
    let (a, b) = (&left.code, &right.code);
    let by = |name: &str| format!("{a}.{name}({b})");
    let (ty, code) = match (&left.ty, operator, &right.ty) {
        (Ty::Int | Ty::Uint, "+" | "-" | "*", ty) if *ty == left.ty => {
            let name = match operator {
                "+" => "plus",
                "-" => "minus",
                _ => "times",
            };
            let code = format!("__v::cel::Whole::{name}({a}, {b})?");
            return Ok(Val::new(left.ty.clone(), code).failing(true));
        }
        (Ty::Int | Ty::Uint, "/" | "%", ty) if *ty == left.ty => {
            let plain = match right.known {
                Some(Known::Int(it)) => it != 0 && it != -1,
                Some(Known::Uint(it)) => it != 0,
                _ => false,
            };
            if plain {
                (left.ty.clone(), format!("({a} {operator} {b})"))
            } else {
                let name = if operator == "/" {
                    "quotient"
                } else {
                    "remainder"
                };
                let code = format!("__v::cel::{name}({a}, {b})?");
                return Ok(Val::new(left.ty.clone(), code).failing(true));
            }
        }
        (Ty::Double, "+" | "-" | "*" | "/", Ty::Double) => {
            (Ty::Double, format!("({a} {operator} {b})"))
        }
        (Ty::Text, "+", Ty::Text) => {
            let code = format!(
                "::std::borrow::Cow::<str>::Owned([{}, {}].concat())",
                left.borrowed(),
                right.borrowed()
            );
            return Ok(Val::new(Ty::Text, code).owned().failing(fails));
        }
        (Ty::Bytes, "+", Ty::Bytes) => {
            let code = format!(
                "::std::borrow::Cow::<[u8]>::Owned([{}, {}].concat())",
                left.borrowed(),
                right.borrowed()
            );
            return Ok(Val::new(Ty::Bytes, code).owned().failing(fails));
        }
        (Ty::Timestamp, "+", Ty::Duration) => (Ty::Timestamp, by("plus")),
        (Ty::Duration, "+", Ty::Timestamp) => (Ty::Timestamp, format!("{b}.plus({a})")),
        (Ty::Timestamp, "-", Ty::Duration) => (Ty::Timestamp, by("minus")),
        (Ty::Timestamp, "-", Ty::Timestamp) => (Ty::Duration, by("since")),
        (Ty::Duration, "+", Ty::Duration) => (Ty::Duration, by("plus")),
        (Ty::Duration, "-", Ty::Duration) => (Ty::Duration, by("minus")),
        (Ty::List(_), "+", ty) if left.ty.is(ty) => {
            let (a, of) = Emitter::iterator(left)?;
            let (b, _) = Emitter::iterator(right)?;
            let code = format!("{a}.chain({b}).collect::<Vec<_>>()");
            (Ty::List(Box::new(super::value::Elem::plain(of))), code)
        }
        (a, _, b) => {
            return Err(format!(
                "{} {operator} {} has no meaning",
                a.name(),
                b.name()
            ));
        }
    };
    Ok(unwrapped(Val::new(ty, code)).failing(fails))
}
