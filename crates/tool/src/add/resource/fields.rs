//! The fields of a new resource, as the command line says them.

use super::identifier;
use crate::Error;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `string`
    Text,
    /// `int32`
    Int32,
    /// `int64`
    Int64,
    /// `uint32`
    Uint32,
    /// `uint64`
    Uint64,
    /// `bool`
    Bool,
    /// A map: as it is encoded entry by entry in sequence, in base64.
    Map,
    /// All else that a message can have: as it is encoded, in base64.
    Packed,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Set when it is created, and then what lists are filtered by.
    pub(super) is_fixed: bool,
    /// A value for tests, and another one, where they can be known.
    pub(super) samples: Option<[String; 2]>,
    /// Whether callers are warned of it.
    pub(super) is_deprecated: bool,
}

impl Field {
    /// Whether tests set it.
    pub(super) fn is_known(&self) -> bool {
        self.samples.is_some() && !self.is_deprecated
    }

    /// Whether tests can change it.
    pub(super) fn is_varied(&self) -> bool {
        let differ = |[one, other]: &[String; 2]| one != other;
        self.is_known() && self.samples.as_ref().is_some_and(differ)
    }
}

impl Kind {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "string" => Self::Text,
            "int32" => Self::Int32,
            "int64" => Self::Int64,
            "bool" => Self::Bool,
            _ => return None,
        })
    }

    /// In the .proto.
    pub(super) fn proto(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Bool => "bool",
            Self::Map | Self::Packed => "bytes",
        }
    }

    /// In Rust.
    pub(super) fn rust(self) -> &'static str {
        match self {
            Self::Text | Self::Map | Self::Packed => "String",
            Self::Int32 => "i32",
            Self::Int64 => "i64",
            Self::Uint32 => "u32",
            Self::Uint64 => "u64",
            Self::Bool => "bool",
        }
    }

    /// A value for tests, and another one.
    pub(super) fn samples(self) -> [&'static str; 2] {
        match self {
            Self::Text => ["\"one\".to_owned()", "\"another\".to_owned()"],
            Self::Int32 | Self::Int64 | Self::Uint32 | Self::Uint64 => ["1", "2"],
            Self::Bool => ["true", "false"],
            Self::Map | Self::Packed => ["String::new()", "String::new()"],
        }
    }
}

/// Columns and fields that every resource has, and words that statements beside them
/// use (`store::Column`).
pub(super) const TAKEN: [&str; 24] = [
    "name",
    "id",
    "owner",
    "version",
    "created",
    "updated",
    "create_time",
    "update_time",
    "etag",
    "seq",
    "at",
    "change",
    "data",
    "traceparent",
    "tracestate",
    "caller",
    "request_id",
    "ticket",
    "number",
    "owes",
    "bytes",
    "last",
    "part",
    "value",
];

/// Reads `customer:string:fixed,note:string,amount:int64`.
pub(super) fn parse(text: &str) -> Result<Vec<Field>, Error> {
    let mut fields: Vec<Field> = Vec::new();
    for word in text.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        let wrong = |why: &str| Error::new(format!("--fields: {word}: {why}"));
        let parts: Vec<_> = word.split(':').collect();
        let (name, kind, is_fixed) = match parts[..] {
            [name, kind] => (name, kind, false),
            [name, kind, "fixed"] => (name, kind, true),
            _ => {
                return Err(wrong(
                    "write NAME:TYPE or NAME:string:fixed, such as note:string",
                ));
            }
        };
        let kind = Kind::parse(kind)
            .ok_or_else(|| wrong("the type is one of string, int32, int64 and bool"))?;
        if is_fixed && kind != Kind::Text {
            return Err(wrong("only a string can be fixed"));
        }
        if !is_snake(name) {
            return Err(wrong(
                "the name is lower-case letters and digits in snake_case",
            ));
        }
        if name.len() > identifier::LONGEST {
            return Err(wrong(
                "a column is called so, and PostgreSQL keeps 63 letters of its name: shorten it",
            ));
        }
        if TAKEN.contains(&name) || syn::parse_str::<syn::Ident>(name).is_err() {
            return Err(wrong(
                "the name is one that every resource has, or a keyword",
            ));
        }
        if fields.iter().any(|it| it.name == name) {
            return Err(wrong("the name stands twice"));
        }
        fields.push(Field {
            name: name.to_owned(),
            kind,
            is_fixed,
            samples: Some(kind.samples().map(str::to_owned)),
            is_deprecated: false,
        });
    }
    if fields.iter().all(|it| it.is_fixed) {
        return Err(Error::new(
            "--fields: at least one field must be one that can change, such as note:string",
        ));
    }
    Ok(fields)
}

/// Whether `name` is in `snake_case`.
pub(super) fn is_snake(name: &str) -> bool {
    let starts = name.starts_with(|it: char| it.is_ascii_lowercase());
    let rest = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_';
    starts && name.chars().all(rest) && !name.ends_with('_') && !name.contains("__")
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn what_cannot_be_a_field_is_refused_by_name() {
        for (text, why) in [
            ("", "at least one field"),
            ("a", "NAME:TYPE"),
            ("a:float", "one of string"),
            ("a:int64:fixed", "only a string"),
            ("A:string", "snake_case"),
            ("etag:string", "every resource has"),
            (&format!("{}:string", "a".repeat(64)), "63 letters"),
            ("type:string", "keyword"),
            ("a:string,a:bool", "twice"),
            ("a:string:fixed", "can change"),
        ] {
            let said = parse(text).unwrap_err().to_string();
            assert!(
                said.contains("--fields") && said.contains(why),
                "{text}: {said}"
            );
        }
        assert_eq!(parse("a:string:fixed, b:int64").unwrap().len(), 2);
    }
}
