//! Where in a message something is. A path is on the stack until something is
//! wrong there: what is right costs no allocation.

use std::fmt::{self, Write as _};

/// A field, as its descriptor has it; a oneof has a name alone.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its number; 0 for a oneof.
    pub number: i32,
    /// Its name in the .proto; of an extension the full one in brackets.
    pub name: &'static str,
    /// Its `FieldDescriptorProto.Type`; 0 for a oneof.
    pub kind: i32,
    /// Of a map, the type of its keys; else 0.
    pub key: i32,
    /// Of a map, the type of its values; else 0.
    pub value: i32,
}

/// Which element of a repeated field or a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscript<'a> {
    /// All of the field.
    None,
    /// Of a repeated field, from 0.
    Index(usize),
    /// Of a map, the value of this key.
    Bool(bool),
    /// Of a map, the value of this key.
    Int(i64),
    /// Of a map, the value of this key.
    Uint(u64),
    /// Of a map, the value of this key.
    Text(&'a str),
}

/// A [`Subscript`] that outlives its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// All of the field.
    None,
    /// Of a repeated field, from 0.
    Index(usize),
    /// Of a map.
    Bool(bool),
    /// Of a map.
    Int(i64),
    /// Of a map.
    Uint(u64),
    /// Of a map.
    Text(String),
}

/// One step of a path that outlives its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// The field.
    pub field: &'static Field,
    /// Which element of it.
    pub key: Key,
}

/// A place in a message that is being checked.
#[derive(Debug, Clone, Copy)]
pub struct Path<'a> {
    up: Option<&'a Path<'a>>,
    field: &'static Field,
    subscript: Subscript<'a>,
}

static ROOT: Field = Field {
    number: 0,
    name: "",
    kind: 0,
    key: 0,
    value: 0,
};

impl<'a> Path<'a> {
    /// The message itself.
    #[inline]
    #[must_use]
    pub fn root() -> Self {
        Self {
            up: None,
            field: &ROOT,
            subscript: Subscript::None,
        }
    }

    /// A field of the message that is here.
    #[inline]
    #[must_use]
    pub fn field(&'a self, field: &'static Field) -> Self {
        Self {
            up: Some(self),
            field,
            subscript: Subscript::None,
        }
    }

    /// An element of the field that is here.
    #[inline]
    #[must_use]
    pub fn at(&self, subscript: Subscript<'a>) -> Self {
        Self { subscript, ..*self }
    }

    /// The steps that lead here.
    #[must_use]
    pub fn elements(&self) -> Vec<Element> {
        let mut elements = Vec::new();
        let mut here = Some(self);
        while let Some(path) = here {
            if path.up.is_some() {
                elements.push(Element {
                    field: path.field,
                    key: path.subscript.into(),
                });
            }
            here = path.up;
        }
        elements.reverse();
        elements
    }
}

impl From<Subscript<'_>> for Key {
    fn from(subscript: Subscript<'_>) -> Self {
        match subscript {
            Subscript::None => Self::None,
            Subscript::Index(index) => Self::Index(index),
            Subscript::Bool(key) => Self::Bool(key),
            Subscript::Int(key) => Self::Int(key),
            Subscript::Uint(key) => Self::Uint(key),
            Subscript::Text(key) => Self::Text(key.to_owned()),
        }
    }
}

/// protovalidate's form: `items[0].labels["a"].name`.
pub(crate) fn show(elements: &[Element]) -> String {
    let mut out = String::new();
    for Element { field, key } in elements {
        if !out.is_empty() {
            out.push('.');
        }
        out.push_str(field.name);
        // Writing to a string cannot fail.
        let _ = match key {
            Key::None => Ok(()),
            Key::Index(index) => write!(out, "[{index}]"),
            Key::Bool(key) => write!(out, "[{key}]"),
            Key::Int(key) => write!(out, "[{key}]"),
            Key::Uint(key) => write!(out, "[{key}]"),
            Key::Text(key) => write!(out, "[{}]", Quoted(key)),
        };
    }
    out
}

/// A key in quotes, as protovalidate writes one.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for letter in self.0.chars() {
            match letter {
                '"' | '\\' => write!(f, "\\{letter}")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                _ if letter.is_control() => write!(f, "\\u{:04x}", u32::from(letter))?,
                _ => f.write_char(letter)?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_protovalidate_writes_it() {
        static ITEMS: Field = Field {
            number: 1,
            name: "items",
            kind: 11,
            key: 0,
            value: 0,
        };
        static LABELS: Field = Field {
            number: 2,
            name: "labels",
            kind: 11,
            key: 9,
            value: 9,
        };
        let root = Path::root();
        let items = root.field(&ITEMS).at(Subscript::Index(3));
        let label = items.field(&LABELS).at(Subscript::Text("a\"\n"));
        assert_eq!(show(&label.elements()), r#"items[3].labels["a\"\n"]"#);
        assert_eq!(show(&root.elements()), "");
    }
}
