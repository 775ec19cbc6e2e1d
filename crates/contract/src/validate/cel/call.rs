//! Functions and macros.

use super::emit::{Emitter, unwrapped};
use super::parse::Expr;
use super::pattern;
use super::value::{Elem, Known, Ty, Val};

impl Emitter {
    pub(super) fn call(
        &mut self,
        target: Option<&Expr>,
        name: &str,
        arguments: &[Expr],
    ) -> Result<Val, String> {
        match (target, name, arguments) {
            (None, "has", [Expr::Select(of, field)]) => {
                let of = self.expr(of)?;
                Self::has(&of, field)
            }
            (None, "has", _) => Err("has() takes a field".to_owned()),
            (None, "getField", [of, Expr::Text(field)]) => {
                let of = self.expr(of)?;
                Self::select(&of, field)
            }
            (None, "dyn", [of]) => {
                let mut val = self.expr(of)?;
                val.dynamic = true;
                Ok(val)
            }
            (Some(of), "all" | "exists" | "exists_one" | "existsOne", [Expr::Name(it), test]) => {
                self.quantified(of, name, it, test)
            }
            (Some(of), "filter", [Expr::Name(it), test]) => self.mapped(of, it, Some(test), None),
            (Some(of), "map", [Expr::Name(it), to]) => self.mapped(of, it, None, Some(to)),
            (Some(of), "map", [Expr::Name(it), test, to]) => {
                self.mapped(of, it, Some(test), Some(to))
            }
            (Some(template), "format", [Expr::List(arguments)]) => self.format(template, arguments),
            (Some(of), "matches", [pattern]) | (None, "matches", [of, pattern]) => {
                self.matches(of, pattern)
            }
            _ => {
                let mut all = Vec::new();
                for it in target.into_iter().chain(arguments) {
                    let val = self.scalar(it)?;
                    if val.ty == Ty::Never {
                        return Ok(val);
                    }
                    all.push(val);
                }
                let fails = all.iter().any(|it| it.fails);
                let val = function(target.is_some(), name, &all)?;
                Ok(val.failing(fails))
            }
        }
    }

    fn quantified(&mut self, of: &Expr, name: &str, it: &str, test: &Expr) -> Result<Val, String> {
        let of = self.expr(of)?;
        let (items, ty) = Self::iterator(&of)?;
        let (it, test) = self.within(it, ty, test)?;
        if test.ty != Ty::Bool && test.ty != Ty::Never {
            return Err(format!("{name}() tests by {}, not bool", test.ty.name()));
        }
        let code = match (name, test.fails) {
            ("all", false) => format!("{items}.all(|{it}| {})", test.code),
            ("exists", false) => format!("{items}.any(|{it}| {})", test.code),
            ("all" | "exists", true) => {
                format!("__v::cel::{name}({items}, |{it}| Ok({}))?", test.code)
            }
            (_, false) => format!(
                "({items}.filter(|it| {{ let {it} = *it; {} }}).take(2).count() == 1)",
                test.code
            ),
            (_, true) => format!(
                "({items}.map(|{it}| Ok({})).collect::<Result<Vec<bool>, __v::cel::Failed>>()?\
                 .into_iter().filter(|it| *it).count() == 1)",
                test.code
            ),
        };
        Ok(Val::new(Ty::Bool, format!("({code})")).failing(of.fails || test.fails))
    }

    fn mapped(
        &mut self,
        of: &Expr,
        it: &str,
        test: Option<&Expr>,
        to: Option<&Expr>,
    ) -> Result<Val, String> {
        let of = self.expr(of)?;
        let (items, ty) = Self::iterator(&of)?;
        let mut fails = false;
        let mut wanted = String::new();
        let mut made = String::new();
        if let Some(test) = test {
            let (name, test) = self.within(it, ty.clone(), test)?;
            if test.ty != Ty::Bool {
                return Err(format!("a filter tests by {}, not bool", test.ty.name()));
            }
            fails |= test.fails;
            wanted = format!(
                "let {name} = item; if !({}) {{ return Ok(None); }} ",
                test.code
            );
        }
        let mut into = ty.clone();
        if let Some(to) = to {
            let (name, to) = self.within(it, ty, to)?;
            let to = unwrapped(to);
            fails |= to.fails;
            made = format!("let {name} = item; let item = {}; ", to.code);
            into = to.ty;
        }
        let code = format!(
            "{items}.map(|item| -> Result<Option<_>, __v::cel::Failed> {{ {wanted}{made}Ok(Some(item)) }})\
             .filter_map(Result::transpose)"
        );
        let code = if fails {
            format!("{code}.collect::<Result<Vec<_>, __v::cel::Failed>>()?")
        } else {
            // It is Ok, always.
            format!("{code}.flatten().collect::<Vec<_>>()")
        };
        Ok(Val::new(Ty::List(Box::new(Elem::plain(into))), code).failing(fails || of.fails))
    }

    fn format(&mut self, template: &Expr, arguments: &[Expr]) -> Result<Val, String> {
        let template = self.expr(template)?;
        let Some(Known::Text(template)) = template.known else {
            return Err("format() takes a text that is written out".to_owned());
        };
        let mut fails = false;
        let mut codes = Vec::new();
        for argument in arguments {
            let val = self.scalar(argument)?;
            fails |= val.fails;
            codes.push(argument_of(&val)?);
        }
        let code = format!(
            "::std::borrow::Cow::<str>::Owned(__v::cel::format({template:?}, &[{}]))",
            codes.join(", ")
        );
        Ok(Val::new(Ty::Text, code).owned().failing(fails))
    }

    fn matches(&mut self, of: &Expr, pattern: &Expr) -> Result<Val, String> {
        let of = self.scalar(of)?;
        if of.ty != Ty::Text {
            return Err(format!("matches() does not go with {}", of.ty.name()));
        }
        let pattern = self.scalar(pattern)?;
        let Some(Known::Text(pattern)) = &pattern.known else {
            return Err("matches() takes a pattern that is written out".to_owned());
        };
        let translated = pattern::translated(pattern)
            .map_err(|why| format!("the pattern `{pattern}` is wrong: {why}"))?;
        let text = of.borrowed();
        let code = match pattern::pieces(&translated) {
            Some(pieces) => format!("__v::cel::consists_of({text}, &[{pieces}])"),
            None => format!(
                "{{ static PATTERN: __v::cel::Pattern = __v::cel::Pattern::new(|| \
                 __v::cel::Pattern::compile({translated:?})); PATTERN.is_match({text}) }}"
            ),
        };
        Ok(Val::new(Ty::Bool, code).failing(of.fails))
    }
}

/// As `format()` takes it.
pub(super) fn argument_of(val: &Val) -> Result<String, String> {
    Ok(match &val.ty {
        Ty::Bool
        | Ty::Int
        | Ty::Uint
        | Ty::Double
        | Ty::Text
        | Ty::Bytes
        | Ty::Timestamp
        | Ty::Duration => format!("__v::cel::Arg::from({})", val.code),
        Ty::Null => "__v::cel::Arg::from(\"null\")".to_owned(),
        Ty::List(_) => {
            let (items, ty) = Emitter::iterator(val)?;
            let item = argument_of(&Val::new(ty, "it"))?;
            format!("__v::cel::Arg::List({items}.map(|it| {item}).collect())")
        }
        ty => return Err(format!("{} cannot be written as text", ty.name())),
    })
}

/// A function that is no macro; a method's target comes first.
fn function(method: bool, name: &str, all: &[Val]) -> Result<Val, String> {
    let types: Vec<_> = all.iter().map(|it| &it.ty).collect();
    if let Some(val) = conversion(method, name, all) {
        return val;
    }
    if let Some(val) = part_of_time(method, name, all) {
        return Ok(val);
    }
    let text = |at: usize| all[at].borrowed();
    let code = |at: usize| all[at].code.clone();
    let (ty, code) = match (method, name, types.as_slice()) {
        (_, "size", [of]) => {
            let code = match of {
                Ty::Text => format!("__v::cel::size({})", text(0)),
                Ty::Bytes => format!("__v::cel::length({}.len())", text(0)),
                Ty::List(_) | Ty::Map(..) => format!("__v::cel::length({}.len())", code(0)),
                ty => return Err(format!("{} has no size", ty.name())),
            };
            let mut val = Val::new(Ty::Int, code);
            val.length = true;
            return Ok(val);
        }
        (true, "startsWith", [Ty::Text, Ty::Text] | [Ty::Bytes, Ty::Bytes]) => {
            (Ty::Bool, format!("{}.starts_with({})", text(0), text(1)))
        }
        (true, "endsWith", [Ty::Text, Ty::Text] | [Ty::Bytes, Ty::Bytes]) => {
            (Ty::Bool, format!("{}.ends_with({})", text(0), text(1)))
        }
        (true, "contains", [Ty::Text, Ty::Text]) => {
            (Ty::Bool, format!("{}.contains({})", text(0), text(1)))
        }
        (true, "contains", [Ty::Bytes, Ty::Bytes]) => (
            Ty::Bool,
            format!("__v::cel::has_bytes({}, {})", text(0), text(1)),
        ),
        (true, "unique", [Ty::List(of)]) => {
            let (items, ty) = Emitter::iterator(&all[0])?;
            let items = match ty {
                Ty::Double => format!(
                    "{items}.enumerate().map(|(place, it)| __v::cel::told_apart(it, place))"
                ),
                Ty::Bool
                | Ty::Int
                | Ty::Uint
                | Ty::Text
                | Ty::Bytes
                | Ty::Timestamp
                | Ty::Duration => items,
                _ => return Err(format!("{} cannot be told apart", of.ty.name())),
            };
            (Ty::Bool, format!("__v::cel::unique({items})"))
        }
        (true, "isNan", [Ty::Double]) => (Ty::Bool, format!("({}).is_nan()", code(0))),
        (true, "isInf", [Ty::Double]) => (Ty::Bool, format!("({}).is_infinite()", code(0))),
        (true, "isInf", [Ty::Double, Ty::Int]) => {
            let (number, sign) = (code(0), code(1));
            let code = format!(
                "({number}.is_infinite() && ({sign} == 0 || ({sign} > 0) == ({number} > 0.0)))"
            );
            (Ty::Bool, code)
        }
        (true, "isEmail", [Ty::Text]) => known_text("is_email", &[text(0)]),
        (true, "isHostname", [Ty::Text]) => known_text("is_hostname", &[text(0)]),
        (true, "isUri", [Ty::Text]) => known_text("is_uri", &[text(0)]),
        (true, "isUriRef", [Ty::Text]) => known_text("is_uri_ref", &[text(0)]),
        (true, "isHostAndPort", [Ty::Text, Ty::Bool]) => {
            known_text("is_host_and_port", &[text(0), code(1)])
        }
        (true, "isIp", [Ty::Text]) => known_text("is_ip", &[text(0), "0".to_owned()]),
        (true, "isIp", [Ty::Text, Ty::Int]) => known_text("is_ip", &[text(0), code(1)]),
        (true, "isIpPrefix", [Ty::Text]) => known_text(
            "is_ip_prefix",
            &[text(0), "0".to_owned(), "false".to_owned()],
        ),
        (true, "isIpPrefix", [Ty::Text, Ty::Int]) => {
            known_text("is_ip_prefix", &[text(0), code(1), "false".to_owned()])
        }
        (true, "isIpPrefix", [Ty::Text, Ty::Bool]) => {
            known_text("is_ip_prefix", &[text(0), "0".to_owned(), code(1)])
        }
        (true, "isIpPrefix", [Ty::Text, Ty::Int, Ty::Bool]) => {
            known_text("is_ip_prefix", &[text(0), code(1), code(2)])
        }
        _ => {
            let types: Vec<_> = types.iter().map(|it| it.name()).collect();
            return Err(match (method, types.split_first()) {
                (true, Some((of, rest))) => {
                    format!("{of} has no function {name}({})", rest.join(", "))
                }
                _ => format!("there is no function {name}({})", types.join(", ")),
            });
        }
    };
    Ok(Val::new(ty, code))
}

fn known_text(name: &str, arguments: &[String]) -> (Ty, String) {
    (
        Ty::Bool,
        format!("__v::text::{name}({})", arguments.join(", ")),
    )
}

fn conversion(method: bool, name: &str, all: &[Val]) -> Option<Result<Val, String>> {
    let ([of], false) = (all, method) else {
        return None;
    };
    let (text, code) = (of.borrowed(), &of.code);
    let fallible = |ty: Ty, by: &str| {
        let code = format!("__v::cel::{by}({})?", if of.own { &text } else { code });
        Some(Ok(Val::new(ty, code).failing(true)))
    };
    let plain = |ty: Ty, code: String| Some(Ok(Val::new(ty, code)));
    match (name, &of.ty) {
        ("int", Ty::Int)
        | ("uint", Ty::Uint)
        | ("double", Ty::Double)
        | ("bool", Ty::Bool)
        | ("string", Ty::Text)
        | ("bytes", Ty::Bytes)
        | ("timestamp", Ty::Timestamp)
        | ("duration", Ty::Duration) => Some(Ok(of.clone())),
        ("int", Ty::Uint) => fallible(Ty::Int, "int_of_uint"),
        ("int", Ty::Double) => fallible(Ty::Int, "int_of_double"),
        ("int", Ty::Text) => fallible(Ty::Int, "int_of_text"),
        ("int", Ty::Timestamp) => Some(Ok(
            Val::new(Ty::Int, format!("{code}.seconds()?")).failing(true)
        )),
        ("uint", Ty::Int) if of.length => plain(Ty::Uint, format!("({code} as u64)")),
        ("uint", Ty::Int) => match of.known {
            Some(Known::Int(it)) => Some(
                u64::try_from(it)
                    .map(Val::uint)
                    .map_err(|_| format!("{it} is no uint")),
            ),
            _ => fallible(Ty::Uint, "uint_of_int"),
        },
        ("uint", Ty::Double) => fallible(Ty::Uint, "uint_of_double"),
        ("uint", Ty::Text) => fallible(Ty::Uint, "uint_of_text"),
        ("double", Ty::Int | Ty::Uint) => plain(Ty::Double, format!("({code} as f64)")),
        ("double", Ty::Text) => fallible(Ty::Double, "double_of_text"),
        ("bool", Ty::Text) => fallible(Ty::Bool, "bool_of_text"),
        ("string", Ty::Bytes) => fallible(Ty::Text, "text_of_bytes"),
        ("string", Ty::Bool | Ty::Int | Ty::Uint | Ty::Double | Ty::Timestamp | Ty::Duration) => {
            let code = format!(
                "::std::borrow::Cow::<str>::Owned(__v::cel::text_of(&__v::cel::Arg::from({code})))"
            );
            Some(Ok(Val::new(Ty::Text, code).owned()))
        }
        ("bytes", Ty::Text) => plain(Ty::Bytes, format!("{text}.as_bytes()")),
        ("duration" | "timestamp", Ty::Text) => Some(match &of.known {
            Some(Known::Text(it)) if name == "duration" => super::literal::duration(it),
            Some(Known::Text(it)) => super::literal::timestamp(it),
            _ => Err(format!("{name}() takes a text that is written out")),
        }),
        _ => None,
    }
}

/// Parts of a time; the last four are of a length, too.
const UNITS: [&str; 10] = [
    "FullYear",
    "Month",
    "Date",
    "DayOfMonth",
    "DayOfWeek",
    "DayOfYear",
    "Hours",
    "Minutes",
    "Seconds",
    "Milliseconds",
];

fn part_of_time(method: bool, name: &str, all: &[Val]) -> Option<Val> {
    let unit = name.strip_prefix("get").filter(|_| method)?;
    if !UNITS.contains(&unit) {
        return None;
    }
    match all {
        [of] if of.ty == Ty::Timestamp || of.ty == Ty::Duration && UNITS[6..].contains(&unit) => {
            let code = format!("{}.get(__v::cel::Unit::{unit})", of.code);
            Some(Val::new(Ty::Int, code))
        }
        // Of the zones only the one that has no rules of its own.
        [of, zone] if of.ty == Ty::Timestamp => match &zone.known {
            Some(Known::Text(zone)) if zone == "UTC" => {
                let code = format!("{}.get(__v::cel::Unit::{unit})", of.code);
                Some(Val::new(Ty::Int, code))
            }
            _ => None,
        },
        _ => None,
    }
}
