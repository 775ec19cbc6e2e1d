//! What the .proto files say in their comments.

use std::collections::HashMap;

use prost_reflect::{DescriptorPool, FileDescriptor};

/// By file and place.
#[derive(Debug)]
pub(crate) struct Comments(HashMap<(String, Vec<i32>), String>);

impl Comments {
    pub(crate) fn new(pool: &DescriptorPool) -> Self {
        let mut all = HashMap::new();
        for file in pool.files() {
            let described = file.file_descriptor_proto();
            let places = described
                .source_code_info
                .iter()
                .flat_map(|it| &it.location);
            for place in places {
                let (leading, trailing) = (place.leading_comments(), place.trailing_comments());
                let text = if leading.trim().is_empty() {
                    trailing
                } else {
                    leading
                };
                if !text.trim().is_empty() {
                    let key = (file.name().to_owned(), place.path.clone());
                    all.insert(key, prose(text));
                }
            }
        }
        Self(all)
    }

    /// What stands at `path` of `file`; empty if nothing does.
    pub(crate) fn of(&self, file: &FileDescriptor, path: &[i32]) -> String {
        let key = (file.name().to_owned(), path.to_vec());
        self.0.get(&key).cloned().unwrap_or_default()
    }
}

/// Lines without the space that stands after the comment's sign.
fn prose(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// The first sentence.
pub(crate) fn summary(text: &str) -> String {
    let first = text
        .split("\n\n")
        .next()
        .unwrap_or_default()
        .replace('\n', " ");
    match first.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => first,
    }
}
