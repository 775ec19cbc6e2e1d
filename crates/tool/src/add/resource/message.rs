//! The fields of a new resource, as a message of the .proto has them.

mod kind;
mod known;
mod literal;
mod named;

use contract::sample::{Samples, samples};
use contract::{FieldDescriptor, MessageDescriptor, Protos};

use super::fields::{Field, Kind, TAKEN, is_snake};
use super::identifier;
use super::sources::Names;
use crate::Error;
use crate::adopt::shown;
use crate::generated::Message;
use crate::imports::Imports;

/// What a resource's message has besides its own fields.
const STANDARD: [(&str, &str); 4] = [
    ("name", "string name"),
    ("create_time", "google.protobuf.Timestamp create_time"),
    ("update_time", "google.protobuf.Timestamp update_time"),
    ("etag", "string etag"),
];

/// `google.api.FieldBehavior`.
const REQUIRED: i32 = 2;
const OUTPUT_ONLY: i32 = 3;
const INPUT_ONLY: i32 = 4;
const IMMUTABLE: i32 = 5;

/// A message as the resource that it describes.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) fields: Vec<Field>,
    /// Whether it has fields that only the server sets.
    pub(super) is_partial: bool,
    /// Whether a test cannot know which values its rules allow.
    pub(super) has_rules: bool,
    /// Whether `name` knows that it was not set, and whether `etag` does.
    pub(super) is_optional: [bool; 2],
}

/// A message that is to be a resource.
pub(super) struct Candidate<'a> {
    imports: &'a Imports,
    message: MessageDescriptor,
}

impl<'a> Candidate<'a> {
    /// The one that is called `full`, in `package.Message`.
    pub(super) fn find(protos: &Protos, imports: &'a Imports, full: &str) -> Result<Self, Error> {
        let full = full.trim_start_matches('.');
        let message = protos.pool().get_message_by_name(full);
        let message = message.ok_or_else(|| unknown(protos, full))?;
        let it = Self { imports, message };
        if it.message.parent_message().is_some() {
            return Err(it.wrong("is within another message; a resource stands alone: move it out"));
        }
        if it.message.package_name().is_empty() {
            return Err(it.wrong("is in no package, and its service would be in none; declare one"));
        }
        let missing = STANDARD.iter().filter(|(name, declared)| {
            let field = it.message.get_field_by_name(name);
            !field.is_some_and(|it| is_as(&it, declared))
        });
        let missing: Vec<_> = missing.map(|(_, declared)| *declared).collect();
        if !missing.is_empty() {
            return Err(it.wrong(&format!(
                "a resource has fields that this one lacks, or has otherwise (AIP-148, AIP-154); \
                 declare {}",
                missing.join(", ")
            )));
        }
        Ok(it)
    }

    /// `package.Message`
    pub(super) fn full(&self) -> &str {
        self.message.full_name()
    }

    /// The file that declares it, as others import it.
    pub(super) fn file(&self) -> String {
        self.message.parent_file().name().to_owned()
    }

    /// What it has, of which `code` was generated.
    pub(super) fn described(&self, code: &Message) -> Result<Described, Error> {
        let mut described = Described {
            fields: Vec::new(),
            is_partial: false,
            has_rules: known::has_rules(&self.message),
            is_optional: ["name", "etag"].map(|name| {
                let field = self.message.get_field_by_name(name);
                field.is_some_and(|it| it.supports_presence())
            }),
        };
        for field in self.message.fields() {
            let said = known::behavior(&field);
            if STANDARD.iter().any(|(name, _)| *name == field.name()) {
                continue;
            }
            if said.contains(&OUTPUT_ONLY) {
                described.is_partial = true;
                continue;
            }
            let is_fixed = said.contains(&IMMUTABLE);
            let read = kind::read(&field, code, is_fixed);
            let read = match refusal(&field, read.as_ref(), &said) {
                None => read,
                Some(why) => return Err(self.wrong_at(&field, &why)),
            };
            let Some(read) = read else { continue };
            // What a test leaves out must be what may be left out.
            let is_set = read.is_known() && read.kind != Kind::Bool;
            let may_be_missing = matches!(samples(&field), Samples::Any | Samples::Absent);
            let is_needed = said.contains(&REQUIRED) || !may_be_missing;
            described.has_rules |= is_needed && !is_set;
            described.fields.push(read);
        }
        let mut changing = described.fields.iter().filter(|it| !it.is_fixed).peekable();
        if changing.peek().is_none() {
            return Err(self.wrong(
                "none of its fields can change: an update would have nothing to do; declare one \
                 that is neither OUTPUT_ONLY nor IMMUTABLE",
            ));
        }
        // What is changed in a test has to be known.
        described.has_rules |= !changing.any(Field::is_varied);
        Ok(described)
    }

    /// Whether the service of `names` and its messages can be declared beside it.
    pub(super) fn check_free(&self, protos: &Protos, names: &Names) -> Result<(), Error> {
        let pool = protos.pool();
        for name in names.declared() {
            let full = format!("{}.{name}", names.package);
            let service = pool.get_service_by_name(&full);
            let service = service.map(|it| (it.parent_file(), it.path().to_vec()));
            let message = pool.get_message_by_name(&full);
            let message = message.map(|it| (it.parent_file(), it.path().to_vec()));
            if let Some((file, path)) = service.or(message) {
                let place = shown(self.imports, &file, &path);
                return Err(Error::new(format!(
                    "{place}: {full}: is declared already, and the service that is added declares \
                     it; take it out, or call it otherwise"
                )));
            }
        }
        Ok(())
    }

    fn wrong(&self, why: &str) -> Error {
        let it = &self.message;
        let place = shown(self.imports, &it.parent_file(), it.path());
        Error::new(format!("{place}: {}: {why}", it.full_name()))
    }

    fn wrong_at(&self, field: &FieldDescriptor, why: &str) -> Error {
        let place = shown(self.imports, &field.parent_file(), field.path());
        Error::new(format!("{place}: {}: {why}", field.full_name()))
    }
}

fn unknown(protos: &Protos, full: &str) -> Error {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_lowercase();
    let all = protos.pool().all_messages();
    let all = all.map(|it| it.full_name().to_owned());
    let like: Vec<_> = all.filter(|it| last(it) == last(full)).collect();
    let like = if like.is_empty() {
        "write its full name, package.Message, and --proto where none of proto/ has it".to_owned()
    } else {
        format!("there is {}", like.join(", "))
    };
    Error::new(format!(
        "--message: no .proto declares a message {full}; {like}"
    ))
}

fn is_as(field: &FieldDescriptor, declared: &str) -> bool {
    let kind = field.kind();
    let is = match declared.split(' ').next() {
        Some("string") => kind.as_message().is_none() && kind::is_string(field),
        _ => (kind.as_message()).is_some_and(|it| it.full_name() == "google.protobuf.Timestamp"),
    };
    is && !field.is_list() && !kind::is_required(field) && !kind::is_one_of(field)
}

/// Why a field cannot be kept, and what to do about it.
fn refusal(field: &FieldDescriptor, read: Option<&Field>, said: &[i32]) -> Option<String> {
    if kind::is_one_of(field) {
        return Some(
            "is in a oneof, which has no column; put the oneof into a message of its own, and make \
             that the field"
                .to_owned(),
        );
    }
    if kind::is_required(field) {
        return Some(
            "is required, and an update that leaves it out would be none; make it optional, and \
             say (google.api.field_behavior) = REQUIRED"
                .to_owned(),
        );
    }
    if said.contains(&INPUT_ONLY) {
        return Some(
            "is INPUT_ONLY, and what is kept is also answered; take it out of the message, or \
             INPUT_ONLY out of it"
                .to_owned(),
        );
    }
    if !is_snake(field.name()) {
        return Some("the name is not in snake_case; call it so".to_owned());
    }
    if field.name().len() > identifier::LONGEST {
        return Some(
            "a column is called so, and PostgreSQL keeps 63 letters of its name; shorten it"
                .to_owned(),
        );
    }
    if TAKEN.contains(&field.name()) {
        return Some(
            "so is a column called that every resource has; call the field otherwise".to_owned(),
        );
    }
    let Some(read) = read else {
        return Some("the name is a keyword of Rust; call the field otherwise".to_owned());
    };
    if let Some(map) = kind::map_within(field) {
        return Some(format!(
            "holds the map {map}, whose entries have no sequence in which they are kept; make that \
             a list of messages with key and value, or a map of the resource itself"
        ));
    }
    (read.is_fixed && read.kind != Kind::Text).then(|| {
        "only a string can be IMMUTABLE, and one that is always there (not `optional`; in an edition \
         features.field_presence = IMPLICIT), because lists are filtered by what never changes; take \
         IMMUTABLE out or make it such a string"
            .to_owned()
    })
}
