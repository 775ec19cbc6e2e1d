//! What a resource is called, by its message and by `google.api.resource`.

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};

use super::super::sources::Names;
use super::Candidate;
use crate::Error;

impl Candidate<'_> {
    /// The names of the resource that was asked for as `one`.
    pub(in super::super) fn names(&self, one: &str) -> Result<Names, Error> {
        let names = Names::new(one, "")?;
        let called = self.message.name();
        if called != names.pascal {
            let (snake, camel) = (called.to_snake_case(), called.to_upper_camel_case());
            return Err(self.wrong(&if snake.to_upper_camel_case() == called {
                format!(
                    "is no {}: call the resource as the message is called, {snake}",
                    names.pascal
                )
            } else {
                format!(
                    "has a name that {snake} does not lead back to, and Rust calls it {camel}; call it \
                     so in the .proto too"
                )
            }));
        }
        let names = names.within(self.message.package_name());
        match self.collection()? {
            None => Ok(names),
            Some(collection) => names.collected(&collection).map_err(|why| self.wrong(&why)),
        }
    }

    /// What its names begin with, if it says so.
    fn collection(&self) -> Result<Option<String>, Error> {
        let options = self.message.options();
        let mut all = options.extensions();
        let Some((_, said)) = all.find(|(it, _)| it.full_name() == "google.api.resource") else {
            return Ok(None);
        };
        let Some(said) = said.as_message() else {
            return Ok(None);
        };
        let patterns = said.get_field_by_name("pattern");
        let patterns: Vec<String> = (patterns.iter())
            .filter_map(|it| it.as_list())
            .flatten()
            .filter_map(|it| it.as_str().map(str::to_owned))
            .collect();
        if patterns.is_empty() {
            let plural = said.get_field_by_name("plural");
            let plural = plural.as_ref().and_then(|it| it.as_str());
            return Ok(plural.filter(|it| !it.is_empty()).map(str::to_owned));
        }
        let flat = patterns.iter().find_map(|it| {
            let (collection, id) = it.split_once('/')?;
            let is_id = id.starts_with('{') && id.ends_with('}') && !id.contains('/');
            is_id.then(|| collection.to_owned())
        });
        flat.map(Some).ok_or_else(|| {
            self.wrong(&format!(
                "its names are {}, and those of a resource here are its collection and an id; give it \
                 a pattern like {}/{{{}}}",
                patterns.join(" or "),
                self.message.name().to_snake_case() + "s",
                self.message.name().to_snake_case()
            ))
        })
    }
}
