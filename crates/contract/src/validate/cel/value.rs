//! What an expression is in Rust.

use protox::prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage as _};

/// A type of the language.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::validate) enum Ty {
    Null,
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Timestamp,
    Duration,
    List(Box<Elem>),
    Map(Box<Elem>, Box<Elem>),
    Message(MessageDescriptor),
    /// A scalar that may be missing: `Option` of what it wraps.
    Wrapper(Box<Ty>),
    /// A message of the .proto's options, known when the service is built.
    Const(DynamicMessage),
    /// What is never reached: it fails before.
    Never,
}

/// What is in a list or a map.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::validate) struct Elem {
    pub(in crate::validate) ty: Ty,
    pub(in crate::validate) store: Store,
}

/// How something lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::validate) enum Store {
    /// As expressions have it.
    Plain,
    /// As prost has it.
    Prost,
}

/// An expression in Rust.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own"
)]
pub(in crate::validate) struct Val {
    pub(in crate::validate) ty: Ty,
    pub(in crate::validate) code: String,
    /// Of texts and bytes: a `Cow`, not a reference.
    pub(in crate::validate) own: bool,
    /// Whether it has a `?`.
    pub(in crate::validate) fails: bool,
    /// Its value, if that is known.
    pub(in crate::validate) known: Option<Known>,
    /// Whether a number is a length.
    pub(in crate::validate) length: bool,
    /// Whether a field that it has not is missed when it is carried out.
    pub(in crate::validate) dynamic: bool,
}

/// A value that is known.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::validate) enum Known {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(String),
    Nanos(i128),
}

impl Ty {
    /// As it is told to people.
    pub(in crate::validate) fn name(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool => "bool".to_owned(),
            Self::Int => "int".to_owned(),
            Self::Uint => "uint".to_owned(),
            Self::Double => "double".to_owned(),
            Self::Text => "string".to_owned(),
            Self::Bytes => "bytes".to_owned(),
            Self::Timestamp => "timestamp".to_owned(),
            Self::Duration => "duration".to_owned(),
            Self::List(of) => format!("list({})", of.ty.name()),
            Self::Map(key, value) => format!("map({}, {})", key.ty.name(), value.ty.name()),
            Self::Message(it) => it.full_name().to_owned(),
            Self::Wrapper(of) => format!("wrapper({})", of.name()),
            Self::Const(it) => it.descriptor().full_name().to_owned(),
            Self::Never => "dyn".to_owned(),
        }
    }

    /// Whether two are of one type, however they lie in memory.
    pub(in crate::validate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(a), Self::List(b)) => a.ty.is(&b.ty),
            (Self::Map(a, b), Self::Map(c, d)) => a.ty.is(&c.ty) && b.ty.is(&d.ty),
            _ => self == other,
        }
    }

    /// The Rust type of an element that is plain.
    pub(in crate::validate) fn rust(&self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "i64",
            Self::Uint => "u64",
            Self::Double => "f64",
            Self::Text => "&str",
            Self::Bytes => "&[u8]",
            Self::Timestamp => "__v::cel::Timestamp",
            Self::Duration => "__v::cel::Duration",
            _ => "_",
        }
    }
}

impl Elem {
    pub(in crate::validate) fn plain(ty: Ty) -> Self {
        let store = Store::Plain;
        Self { ty, store }
    }

    /// From a reference to an element what expressions have.
    pub(in crate::validate) fn read(&self, it: &str) -> String {
        match (self.store, &self.ty) {
            (Store::Plain, Ty::Text | Ty::Bytes) => format!("&**{it}"),
            (Store::Plain, _) | (Store::Prost, Ty::Bool) => format!("*{it}"),
            (Store::Prost, Ty::Int) => format!("i64::from(*{it})"),
            (Store::Prost, Ty::Uint) => format!("u64::from(*{it})"),
            (Store::Prost, Ty::Double) => format!("f64::from(*{it})"),
            (Store::Prost, Ty::Text) => format!("{it}.as_str()"),
            (Store::Prost, Ty::Bytes) => format!("{it}.as_slice()"),
            (Store::Prost, Ty::Timestamp) => format!("__v::cel::Timestamp::from({it})"),
            (Store::Prost, Ty::Duration) => format!("__v::cel::Duration::from({it})"),
            (Store::Prost, Ty::Wrapper(of)) => Self {
                ty: (**of).clone(),
                store: Store::Prost,
            }
            .read(it),
            (Store::Prost, _) => it.to_owned(),
        }
    }
}

impl Val {
    pub(in crate::validate) fn new(ty: Ty, code: impl Into<String>) -> Self {
        Self {
            ty,
            code: code.into(),
            own: false,
            fails: false,
            known: None,
            length: false,
            dynamic: false,
        }
    }

    pub(in crate::validate) fn owned(mut self) -> Self {
        self.own = true;
        self
    }

    pub(in crate::validate) fn failing(mut self, fails: bool) -> Self {
        self.fails |= fails;
        self
    }

    pub(in crate::validate) fn bool(value: bool) -> Self {
        let mut val = Self::new(Ty::Bool, value.to_string());
        val.known = Some(Known::Bool(value));
        val
    }

    pub(in crate::validate) fn int(value: i64) -> Self {
        let mut val = Self::new(Ty::Int, format!("({value}i64)"));
        val.known = Some(Known::Int(value));
        val
    }

    pub(in crate::validate) fn uint(value: u64) -> Self {
        let mut val = Self::new(Ty::Uint, format!("{value}u64"));
        val.known = Some(Known::Uint(value));
        val
    }

    pub(in crate::validate) fn double(value: f64) -> Self {
        let code = if value.is_nan() {
            "f64::NAN".to_owned()
        } else if value.is_infinite() {
            let sign = if value < 0.0 { "NEG_" } else { "" };
            format!("f64::{sign}INFINITY")
        } else {
            format!("({value:?}f64)")
        };
        let mut val = Self::new(Ty::Double, code);
        val.known = Some(Known::Double(value));
        val
    }

    pub(in crate::validate) fn text(value: &str) -> Self {
        let mut val = Self::new(Ty::Text, format!("{value:?}"));
        val.known = Some(Known::Text(value.to_owned()));
        val
    }

    pub(in crate::validate) fn bytes(value: &[u8]) -> Self {
        Self::new(Ty::Bytes, format!("&b\"{}\"[..]", value.escape_ascii()))
    }

    pub(in crate::validate) fn time(ty: Ty, nanos: i128) -> Self {
        let code = format!("{}({nanos})", ty.rust());
        let mut val = Self::new(ty, code);
        val.known = Some(Known::Nanos(nanos));
        val
    }

    /// Its value, if it is one of true and false that is known.
    pub(in crate::validate) fn truth(&self) -> Option<bool> {
        match self.known {
            Some(Known::Bool(it)) => Some(it),
            _ => None,
        }
    }

    /// A text or bytes as a reference, anything else as it is.
    pub(in crate::validate) fn borrowed(&self) -> String {
        if self.own {
            format!("(&*{})", self.code)
        } else {
            format!("({})", self.code)
        }
    }

    /// A text as a `Cow`.
    pub(in crate::validate) fn cow(&self) -> String {
        if self.own {
            self.code.clone()
        } else {
            format!("::std::borrow::Cow::Borrowed({})", self.code)
        }
    }
}
