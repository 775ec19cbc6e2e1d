//! The corpus of .proto trees has every trait that a team's own may have, in more than
//! one tree: what is missing there is tested nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use contract::Protos;

/// What each of has to be in two trees.
const TRAITS: [&str; 28] = [
    "several files",
    "several packages",
    "several services",
    "no package",
    "proto2",
    "proto3",
    "edition 2023",
    "an edition of its own kind",
    "unary",
    "client stream",
    "server stream",
    "bidirectional stream",
    "well-known types",
    "googleapis",
    "the team's own folder",
    "no resource pattern",
    "a keyword of Rust",
    "a recursive message",
    "a map",
    "a oneof",
    "an optional",
    "an enumeration with aliases",
    "a message within a message",
    "a group",
    "idempotency_level",
    "policy in the file",
    "rules",
    "field_behavior",
];
/// Most important words that no name can have as it is.
const KEYWORDS: [&str; 12] = [
    "as", "async", "fn", "impl", "in", "loop", "match", "mod", "move", "self", "type", "use",
];
/// Fewest trees.
const TREES: usize = 30;

const GROUP: i32 = 10;
const MESSAGE: i32 = 11;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// Copies .proto files, of `api` and `include` both into one root, and returns their texts.
fn copy(from: &Path, to: &Path, texts: &mut String) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if path.is_dir() {
            let is_root = name == "api" || name == "include";
            copy(
                &path,
                &if is_root { to.into() } else { to.join(name) },
                texts,
            );
        } else {
            let text = fs::read_to_string(&path).unwrap();
            fs::write(to.join(name), &text).unwrap();
            *texts += &text;
        }
    }
}

/// The traits of a tree.
fn traits(tree: &Path) -> BTreeSet<&'static str> {
    let root = tempfile::tempdir().unwrap();
    let mut text = String::new();
    copy(tree, root.path(), &mut text);
    let protos = Protos::all(root.path()).unwrap_or_else(|why| panic!("{why}"));
    let pool = protos.pool();
    let is_own = |file: &str| root.path().join(file).is_file();
    let mut found = BTreeSet::new();
    let mut has = |is: bool, what: &'static str| {
        if is {
            found.insert(what);
        }
    };
    let files: Vec<_> = pool.files().filter(|it| is_own(it.name())).collect();
    let packages: BTreeSet<_> = files
        .iter()
        .map(|it| it.package_name().to_owned())
        .collect();
    has(files.len() > 1, "several files");
    has(packages.len() > 1, "several packages");
    has(packages.contains(""), "no package");
    has(text.contains("syntax = \"proto2\""), "proto2");
    has(text.contains("syntax = \"proto3\""), "proto3");
    has(text.contains("edition = \"2023\""), "edition 2023");
    // Which neither proto2 nor proto3 has words for.
    let mixes = text.contains("= DELIMITED") && text.contains("= IMPLICIT");
    has(mixes, "an edition of its own kind");
    has(tree.join("include").is_dir(), "the team's own folder");
    has(text.contains("(mesh.v1."), "policy in the file");
    has(text.contains("(buf.validate."), "rules");
    has(
        text.contains("(google.api.field_behavior)"),
        "field_behavior",
    );
    has(
        !text.contains("(google.api.resource)"),
        "no resource pattern",
    );
    let imports = |of: &str| text.contains(&format!("import \"{of}"));
    has(imports("google/protobuf/"), "well-known types");
    let common = ["google/api/", "google/type/", "google/rpc/"];
    has(common.iter().any(|it| imports(it)), "googleapis");
    let services: Vec<_> = pool
        .services()
        .filter(|it| is_own(it.parent_file().name()))
        .collect();
    has(services.len() > 1, "several services");
    let mut names: BTreeSet<String> = BTreeSet::new();
    for rpc in services
        .iter()
        .flat_map(|it| it.methods().collect::<Vec<_>>())
    {
        names.insert(rpc.name().to_owned());
        has(
            true,
            match (rpc.is_client_streaming(), rpc.is_server_streaming()) {
                (false, false) => "unary",
                (true, false) => "client stream",
                (false, true) => "server stream",
                (true, true) => "bidirectional stream",
            },
        );
        let options = &rpc.method_descriptor_proto().options;
        let level = options.as_ref().and_then(|it| it.idempotency_level);
        has(level.is_some(), "idempotency_level");
    }
    for message in pool
        .all_messages()
        .filter(|it| is_own(it.parent_file().name()))
    {
        names.insert(message.name().to_owned());
        let is_within = message.parent_message().is_some() && !message.is_map_entry();
        has(is_within, "a message within a message");
        let oneofs = message.oneofs().filter(|it| !it.is_synthetic()).count();
        has(oneofs > 0, "a oneof");
        for field in message.fields() {
            names.insert(field.name().to_owned());
            has(field.is_map(), "a map");
            let proto = field.field_descriptor_proto();
            has(proto.proto3_optional(), "an optional");
            let kind = proto.r#type.unwrap_or_default();
            has(kind == GROUP, "a group");
            let itself = format!(".{}", message.full_name());
            let is_itself = kind == MESSAGE && proto.type_name() == itself;
            has(is_itself, "a recursive message");
        }
    }
    for it in pool
        .all_enums()
        .filter(|it| is_own(it.parent_file().name()))
    {
        let options = &it.enum_descriptor_proto().options;
        let aliases = options.as_ref().and_then(|it| it.allow_alias);
        has(aliases == Some(true), "an enumeration with aliases");
    }
    let parts = packages.iter().flat_map(|it| it.split('.'));
    let mut words = names.iter().map(String::as_str).chain(parts);
    let is_keyword = |word: &str| KEYWORDS.contains(&word.to_ascii_lowercase().as_str());
    has(words.any(is_keyword), "a keyword of Rust");
    found
}

#[test]
fn every_trait_is_in_two_trees() {
    let mut trees: BTreeMap<&str, Vec<String>> = TRAITS.iter().map(|it| (*it, vec![])).collect();
    let mut count = 0;
    for entry in fs::read_dir(corpus()).unwrap() {
        let tree = entry.unwrap();
        for found in traits(&tree.path()) {
            let name = tree.file_name().to_string_lossy().into_owned();
            trees.get_mut(found).expect("it is in TRAITS").push(name);
        }
        count += 1;
    }
    assert!(count >= TREES, "{count} trees");
    let few: Vec<_> = trees.iter().filter(|(_, trees)| trees.len() < 2).collect();
    assert!(few.is_empty(), "in fewer than two trees: {few:?}");
}
