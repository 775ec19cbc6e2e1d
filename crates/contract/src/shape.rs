//! How much larger than on the wire a message can be once it is decoded.
//!
//! prost makes a struct for each element of a repeated field, however little
//! the element says: two bytes on the wire can become hundreds in memory. The
//! server weighs a message by its shape before any of it is made.
//!
//! All sizes are upper bounds of what prost generates on 64 bits.

use std::collections::{BTreeMap, HashSet};

use protox::prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

/// What an allocation takes besides what was asked for.
const ALLOCATION: usize = 16;
/// A `Vec` begins with room for four, and doubles when it is full.
const FIRST: usize = 4;
const GROWTH: usize = 2;
/// A node of a `BTreeMap` has eleven places; a `HashMap` begins smaller. Both
/// can be little more than a third full.
const FIRST_IN_MAP: usize = 12;
const GROWTH_OF_MAP: usize = 3;

/// One message, as its decoder sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// `package.Message`.
    pub message: String,
    /// The fields that take memory of their own, by number.
    pub fields: Vec<Field>,
}

/// What a field takes for each of its occurrences.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its number.
    pub number: u32,
    /// Bytes that its first element takes, besides its content.
    pub first: usize,
    /// Bytes that each further element takes, besides its content.
    pub more: usize,
    /// What is in it.
    pub content: Content,
}

/// How a field's content is weighed.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// It takes what it has on the wire.
    Bytes,
    /// By the fields of the message at this place in [`Shapes::all`].
    Message(usize),
    /// Numbers that may be packed, each of at least this many bytes.
    Numbers(usize),
}

/// The shapes of some messages, each once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shapes {
    /// In the sequence they were found.
    pub all: Vec<Shape>,
    known: BTreeMap<String, usize>,
}

impl Shapes {
    /// The place of `message`'s shape; `None` if it takes no more in memory
    /// than on the wire, but for its own struct.
    pub(crate) fn of(&mut self, message: &MessageDescriptor) -> Option<usize> {
        grows(message, &mut HashSet::new()).then(|| self.add(message))
    }

    fn add(&mut self, message: &MessageDescriptor) -> usize {
        if let Some(known) = self.known.get(message.full_name()) {
            return *known;
        }
        let place = self.all.len();
        self.known.insert(message.full_name().to_owned(), place);
        // Kept first: a message may be within itself.
        self.all.push(Shape {
            message: message.full_name().to_owned(),
            fields: Vec::new(),
        });
        let mut fields: Vec<_> = (message.fields())
            .filter_map(|field| self.field(&field))
            .collect();
        fields.sort_by_key(|field| field.number);
        self.all[place].fields = fields;
        place
    }

    fn field(&mut self, field: &FieldDescriptor) -> Option<Field> {
        let (first, more) = if field.is_map() {
            let entry = entry_size(field);
            (FIRST_IN_MAP * entry, GROWTH_OF_MAP * entry)
        } else if field.is_list() {
            let (element, within) = (element_size(field), overhead(field));
            (FIRST * element + within, GROWTH * element + within)
        } else {
            let once = match field.kind() {
                Kind::Message(message) if is_boxed(field) => size(&message) + ALLOCATION,
                Kind::Message(_) => overhead(field),
                Kind::String | Kind::Bytes => ALLOCATION,
                _ => return None,
            };
            (once, once)
        };
        let content = match field.kind() {
            Kind::Message(message) => self.of(&message).map_or(Content::Bytes, Content::Message),
            Kind::String | Kind::Bytes => Content::Bytes,
            kind => Content::Numbers(least_on_wire(&kind)),
        };
        Some(Field {
            number: field.number(),
            first,
            more,
            content,
        })
    }
}

/// Whether a message has, near or far, what can be there many times.
fn grows(message: &MessageDescriptor, seen: &mut HashSet<String>) -> bool {
    // One that is within itself can be there as often as it is nested.
    if !seen.insert(message.full_name().to_owned()) {
        return true;
    }
    let found = message.fields().any(|field| {
        field.is_list()
            || field.is_map()
            || matches!(field.kind(), Kind::Message(within) if grows(&within, seen))
    });
    seen.remove(message.full_name());
    found
}

/// Whether prost puts a field in a `Box`: its message leads back to where it is.
pub(crate) fn is_boxed(field: &FieldDescriptor) -> bool {
    let Kind::Message(message) = field.kind() else {
        return false;
    };
    leads_to(&message, field.parent_message(), &mut HashSet::new())
}

fn leads_to(from: &MessageDescriptor, to: &MessageDescriptor, seen: &mut HashSet<String>) -> bool {
    if from == to {
        return true;
    }
    seen.insert(from.full_name().to_owned())
        && (from.fields())
            .filter(|field| !field.is_list() && !field.is_map())
            .any(|field| {
                matches!(field.kind(), Kind::Message(within) if leads_to(&within, to, seen))
            })
}

/// A message's struct.
fn size(message: &MessageDescriptor) -> usize {
    let alone = message
        .fields()
        .filter(|field| field.containing_oneof().is_none());
    let chosen = message.oneofs().map(|oneof| {
        let largest = oneof.fields().map(|field| field_size(&field)).max();
        8 + largest.unwrap_or_default()
    });
    let size: usize = alone.map(|field| field_size(&field)).chain(chosen).sum();
    size.max(1)
}

fn field_size(field: &FieldDescriptor) -> usize {
    if field.is_map() {
        return 48;
    }
    if field.is_list() {
        return 24;
    }
    match field.kind() {
        Kind::Message(_) if is_boxed(field) => 8,
        Kind::Message(message) => 8 + size(&message),
        Kind::String | Kind::Bytes => 24,
        _ if field.supports_presence() => 16,
        _ => 8,
    }
}

/// One element of a list.
fn element_size(field: &FieldDescriptor) -> usize {
    match field.kind() {
        Kind::Message(message) => size(&message),
        Kind::String | Kind::Bytes => 24,
        Kind::Bool => 1,
        Kind::Double
        | Kind::Int64
        | Kind::Uint64
        | Kind::Sint64
        | Kind::Fixed64
        | Kind::Sfixed64 => 8,
        _ => 4,
    }
}

/// Key, value, and what a map keeps of each.
fn entry_size(field: &FieldDescriptor) -> usize {
    let Kind::Message(entry) = field.kind() else {
        return 0;
    };
    8 + size(&entry) + overhead(field)
}

/// What the texts within an element take besides themselves, at most.
fn overhead(field: &FieldDescriptor) -> usize {
    match field.kind() {
        Kind::Message(message) => ALLOCATION * texts(&message, &mut HashSet::new()),
        Kind::String | Kind::Bytes => ALLOCATION,
        _ => 0,
    }
}

fn texts(message: &MessageDescriptor, seen: &mut HashSet<String>) -> usize {
    if !seen.insert(message.full_name().to_owned()) {
        return 0;
    }
    let count = (message.fields())
        .filter(|field| !field.is_list() && !field.is_map())
        .map(|field| match field.kind() {
            Kind::Message(within) => texts(&within, seen),
            Kind::String | Kind::Bytes => 1,
            _ => 0,
        })
        .sum();
    seen.remove(message.full_name());
    count
}

fn least_on_wire(kind: &Kind) -> usize {
    match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => 8,
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => 4,
        _ => 1,
    }
}
