//! What is sent: messages, enumerations, and the rules that requests keep.

use std::collections::BTreeMap;

use protox::prost_reflect::prost::Message as _;
use protox::prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor,
    ReflectMessage as _,
};

use super::Level::{Breaks, Weakens};
use super::{Change, note};
use crate::Protos;

/// Extensions that say what a request must keep.
const FIELD_RULES: [&str; 2] = ["buf.validate.field", "google.api.field_behavior"];
const MESSAGE_RULES: [&str; 1] = ["buf.validate.message"];

pub(super) fn compare(old: &Protos, new: &Protos, found: &mut Vec<Change>) {
    let mut reached = Reached::default();
    for before in old.rpcs() {
        reached.message(&before.input(), true);
        reached.message(&before.output(), false);
        let service = before.parent_service().full_name().to_owned();
        let mut rpcs = new.rpcs();
        let Some(now) = rpcs.find(|it| it.full_name() == before.full_name()) else {
            // Which is told already.
            continue;
        };
        let place = format!("{service}/{}", before.name());
        let types = |it: &MessageDescriptor| it.full_name().to_owned();
        for (kind, before, now) in [
            ("request", types(&before.input()), types(&now.input())),
            ("response", types(&before.output()), types(&now.output())),
        ] {
            if before != now {
                let said = format!("was {before}, is {now}: stubs of before do not fit");
                note(found, Breaks, kind, &place, said);
            }
        }
    }
    for (name, (before, asked)) in &reached.messages {
        if let Some(now) = new.pool().get_message_by_name(name) {
            message(before, &now, *asked, (old.pool(), new.pool()), found);
        }
    }
    for (name, before) in &reached.enums {
        if let Some(now) = new.pool().get_enum_by_name(name) {
            enumeration(before, &now, found);
        }
    }
}

/// What callers send and receive, by name; whether they send it.
#[derive(Default)]
struct Reached {
    messages: BTreeMap<String, (MessageDescriptor, bool)>,
    enums: BTreeMap<String, EnumDescriptor>,
}

impl Reached {
    fn message(&mut self, message: &MessageDescriptor, asked: bool) {
        let name = message.full_name().to_owned();
        match self.messages.get_mut(&name) {
            Some((_, known)) if *known || !asked => return,
            Some((_, known)) => *known = true,
            None => {
                self.messages.insert(name, (message.clone(), asked));
            }
        }
        for field in message.fields() {
            match field.kind() {
                Kind::Message(message) => self.message(&message, asked),
                Kind::Enum(it) => {
                    self.enums.insert(it.full_name().to_owned(), it);
                }
                _ => {}
            }
        }
    }
}

fn message(
    old: &MessageDescriptor,
    new: &MessageDescriptor,
    asked: bool,
    pools: (&DescriptorPool, &DescriptorPool),
    found: &mut Vec<Change>,
) {
    for before in old.fields() {
        let place = format!("{}.{}", old.full_name(), before.name());
        let Some(now) = new.get_field(before.number()) else {
            let said = format!(
                "number {} is gone: it is not read, nor sent",
                before.number()
            );
            note(found, Breaks, "field", &place, said);
            continue;
        };
        field(&before, &now, &place, found);
        if asked {
            let rules =
                |field: &FieldDescriptor, pool| said_by(&field.options(), pool, &FIELD_RULES);
            rule(
                &rules(&before, pools.0),
                &rules(&now, pools.1),
                &place,
                found,
            );
        }
    }
    for now in new.fields().filter(|_| asked) {
        let is_new = old.get_field(now.number()).is_none();
        let rules = said_by(&now.options(), pools.1, &FIELD_RULES);
        if is_new && !rules.is_empty() {
            let place = format!("{}.{}", new.full_name(), now.name());
            let said =
                "is new and has a rule: callers of before do not send it, look whether they \
                        are refused for that"
                    .to_owned();
            note(found, Weakens, "rule", &place, said);
        }
    }
    if asked {
        let rules =
            |message: &MessageDescriptor, pool| said_by(&message.options(), pool, &MESSAGE_RULES);
        rule(
            &rules(old, pools.0),
            &rules(new, pools.1),
            old.full_name(),
            found,
        );
    }
}

fn field(old: &FieldDescriptor, new: &FieldDescriptor, place: &str, found: &mut Vec<Change>) {
    let number = old.number();
    if old.name() != new.name() {
        let said = format!(
            "number {number} is called {}: it is another one in code and JSON",
            new.name()
        );
        note(found, Breaks, "name", place, said);
    }
    let shape = |it: &FieldDescriptor| {
        let many = if it.is_map() {
            "map of "
        } else if it.is_list() {
            "list of "
        } else {
            ""
        };
        format!("{many}{:?}", it.kind())
    };
    let (before, now) = (shape(old), shape(new));
    if before != now {
        note(
            found,
            Breaks,
            "type",
            place,
            format!("was {before}, is {now}"),
        );
    }
    let alternative = |it: &FieldDescriptor| {
        let oneof = it.containing_oneof().filter(|it| !it.is_synthetic());
        oneof.map(|it| it.name().to_owned())
    };
    if alternative(old) != alternative(new) {
        let said = "came into a oneof, or left it: one that is set unsets others".to_owned();
        note(found, Breaks, "oneof", place, said);
    }
    if old.supports_presence() && !new.supports_presence() {
        let said = "was optional, and cannot be told from its default any more".to_owned();
        note(found, Breaks, "presence", place, said);
    }
}

/// Rules, as they are encoded, by extension: whether they are stricter no tool
/// can tell in general, so each change is one to look at.
fn said_by(
    options: &DynamicMessage,
    pool: &DescriptorPool,
    names: &[&'static str],
) -> BTreeMap<&'static str, Vec<u8>> {
    let mut said = BTreeMap::new();
    for name in names {
        let Some(extension) = pool.get_extension_by_name(name) else {
            continue;
        };
        if options.has_extension(&extension) {
            // Of all options only this one.
            let mut only = DynamicMessage::new(options.descriptor());
            only.set_extension(&extension, options.get_extension(&extension).into_owned());
            said.insert(*name, only.encode_to_vec());
        }
    }
    said
}

fn rule(
    old: &BTreeMap<&'static str, Vec<u8>>,
    new: &BTreeMap<&'static str, Vec<u8>>,
    place: &str,
    found: &mut Vec<Change>,
) {
    for (name, now) in new {
        let said = match old.get(name) {
            None => "is new",
            Some(before) if before != now => "is another",
            Some(_) => continue,
        };
        let said = format!("{name} {said}: look whether requests that passed are refused");
        note(found, Breaks, "rule", place, said);
    }
}

fn enumeration(old: &EnumDescriptor, new: &EnumDescriptor, found: &mut Vec<Change>) {
    for before in old.values() {
        let place = format!("{}.{}", old.full_name(), before.name());
        match new.get_value(before.number()) {
            None => note(
                found,
                Breaks,
                "value",
                &place,
                format!("{} is gone: it is unknown", before.number()),
            ),
            Some(now) if now.name() != before.name() => note(
                found,
                Breaks,
                "name",
                &place,
                format!(
                    "{} is called {}: in JSON it is unknown",
                    before.number(),
                    now.name()
                ),
            ),
            Some(_) => {}
        }
    }
}
