//! Validators: what the rules in a .proto say (`buf.validate`, which is
//! protovalidate, and `google.api.field_behavior`), as plain Rust.
//!
//! A rule that cannot be right, of the wrong type or with an expression that does
//! not compile, is a [`Problem`] with its place, reason and remedy.

mod cel;
mod field;
mod message;
pub(crate) mod names;
pub(crate) mod options;
mod prose;
mod rule;

use std::collections::HashSet;
use std::fmt::Write as _;

use protox::prost_reflect::{Kind, MessageDescriptor};

use crate::{Error, Problem, Protos};

pub(crate) use cel::translated;
pub(crate) use prose::listed;
pub use prose::rules;
pub(crate) use rule::rules_of;

/// What checks messages, and what kept some of it from being made.
#[derive(Debug, Default)]
pub struct Validators {
    /// Rust items, to be included where all generated code is: an
    /// `impl chassis::validate::Validate` for each message that has rules, near
    /// or far, or is the request of an rpc.
    pub code: String,
    /// Rules that are wrong, by the full name of their message; it checks
    /// nothing then.
    pub problems: Vec<(String, Problem)>,
    /// What has a validator: the full name, and the path of the Rust type from
    /// where all generated code is.
    pub messages: Vec<(String, String)>,
}

impl Protos {
    /// The validators of all messages, as Rust.
    ///
    /// # Errors
    ///
    /// [`Error::Policy`] with every rule that is wrong.
    pub fn validators(&self) -> Result<String, Error> {
        let Validators { code, problems, .. } = validators(self);
        if problems.is_empty() {
            Ok(code)
        } else {
            let problems = problems.into_iter().map(|(_, problem)| problem);
            Err(Error::Policy(problems.collect()))
        }
    }
}

/// The validators of all messages, and what is wrong with the rules.
#[must_use]
pub fn validators(protos: &Protos) -> Validators {
    let needed = protos.needed();
    let generated: Vec<_> = (protos.pool().all_messages())
        .filter(|it| needed.contains(it.parent_file().name()))
        .filter(|it| it.package_name() != "google.protobuf" && !it.is_map_entry())
        .collect();
    let requests: HashSet<_> = (protos.pool().services())
        .flat_map(|it| it.methods().collect::<Vec<_>>())
        .map(|it| it.input().full_name().to_owned())
        .collect();
    let ruled = ruled(&generated);
    let mut made = Validators::default();
    let mut all = String::new();
    for message in &generated {
        let name = message.full_name();
        if !ruled.contains(name) && !requests.contains(name) {
            continue;
        }
        let mut writer = message::Writer::new(protos, &ruled);
        let body = writer.message(message);
        let problems = std::mem::take(&mut writer.problems);
        let body = if problems.is_empty() { &*body } else { "" };
        made.problems
            .extend(problems.into_iter().map(|it| (name.to_owned(), it)));
        let path = names::message(message);
        // Writing to a string cannot fail.
        let _ = write!(
            all,
            "impl __v::Validate for {path} {{\nconst PACKAGE: &'static str = {:?};\nfn check(&self, at: \
             &__v::Path<'_>, found: &mut __v::Found) {{\nlet message = self;\n{body}}}\n}}\n",
            message.package_name(),
        );
        made.messages.push((name.to_owned(), path));
    }
    made.code = format!(
        "#[allow(unused, clippy::all, clippy::pedantic)]\nconst _: () = {{\nuse \
         ::chassis::validate as __v;\n{all}}};\n"
    );
    made
}

/// Messages that have rules, or fields whose messages have.
fn ruled(messages: &[MessageDescriptor]) -> HashSet<String> {
    let mut ruled: HashSet<_> = (messages.iter())
        .filter(|it| options::has_rules(it))
        .map(|it| it.full_name().to_owned())
        .collect();
    loop {
        let before = ruled.len();
        for message in messages {
            let leads = message.fields().any(|field| {
                let kind = match names::entry(&field) {
                    Some((_, value)) => value.kind(),
                    None => field.kind(),
                };
                matches!(kind, Kind::Message(within) if ruled.contains(within.full_name()))
            });
            if leads {
                ruled.insert(message.full_name().to_owned());
            }
        }
        if ruled.len() == before {
            return ruled;
        }
    }
}
