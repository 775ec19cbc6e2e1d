//! Answers that are refused, and what is said then; other ways to answer.

use std::fs;

use anyhow::{Result, ensure};

use super::Row;
use super::project::Project;
use super::stage::{Stage, remove};

/// What is asked for, and what must be said.
const REFUSED: &[(&[&str], &str)] = &[
    (
        &["--name", "7-eleven"],
        r#"the project name "7-eleven" cannot name a Kubernetes service and a Rust package: use at most 50 lower-case letters, digits and single hyphens, beginning with a letter, such as "order-service""#,
    ),
    (
        &["--name", "two_words"],
        r#"the project name "two_words" cannot name"#,
    ),
    (
        &[
            "--name",
            "a-project-name-that-is-longer-than-a-label-may-be-ever",
        ],
        "at most 50",
    ),
    (
        &["--name", "chassis"],
        r#"the project name "chassis" is taken by another crate of the service: use "chassis-service""#,
    ),
    (
        &["--name", "shop", "-d", "resource=LineItem"],
        r#"resource "LineItem" cannot name messages, modules and tables: use at most 40 lower-case letters and digits in snake_case, each word beginning with two letters (the first with one), such as "purchase_order"; set it with -d resource=…"#,
    ),
    (
        &["--name", "shop", "-d", "resource=line_2"],
        r#"resource "line_2" cannot name"#,
    ),
    (
        &["--name", "shop", "-d", "resource=line__item"],
        r#"resource "line__item" cannot name"#,
    ),
    (
        &["--name", "shop", "-d", "resource=größe"],
        r#"resource "größe" cannot name"#,
    ),
    (
        &["--name", "type-service"],
        r#"resource "type" is a keyword of the Rust language: add a word, such as "type_record"; set it with -d resource=…"#,
    ),
    (
        &["--name", "option-service"],
        r#"resource "option" is in scope in every file of Rust"#,
    ),
    (
        &["--name", "result-service"],
        r#"resource "result" is in scope in every file of Rust"#,
    ),
    (
        &["--name", "self-service"],
        r#"resource "self" is a keyword of the Rust language"#,
    ),
    (
        &["--name", "bool-service"],
        r#"resource "bool" is in scope in every file of Rust"#,
    ),
    (
        &["--name", "shop", "-d", "plural=values"],
        r#"plural "values" is a word of SQL: add a word, such as "values_list"; set it with -d plural=…"#,
    ),
    (
        &["--name", "inventory-service"],
        r#"resource "inventory" is another module of the service, src/inventory.rs: add a word, such as "inventory_record"; set it with -d resource=…"#,
    ),
    (
        &["--name", "setting-service"],
        r#"plural "settings" is another module of the service, src/settings.rs: add a word, such as "settings_record"; set it with -d plural=…"#,
    ),
    (
        &["--name", "sheep-service", "-d", "plural=sheep"],
        r#"plural "sheep" must differ from the singular, because both name things of their own: add a word, such as "sheep_list"; set it with -d plural=…"#,
    ),
    (
        &["--name", "sheep-service", "-d", "plural=Many Sheep"],
        r#"plural "Many Sheep" cannot name"#,
    ),
    (
        &["--name", "shop", "-d", "organisation=Big.Corp"],
        r#"organisation "Big.Corp" cannot begin a proto package and an image's name: use at most 40 lower-case letters and digits in snake_case, such as "acme"; set it with -d organisation=…"#,
    ),
    (
        &["--name", "shop", "-d", "organisation=google"],
        r#"organisation "google" already names a proto package or a word of Rust: use another, such as "google_inc"; set it with -d organisation=…"#,
    ),
    (
        &["--name", "shop", "-d", "organisation=shop"],
        r#"organisation "shop" already names"#,
    ),
    (
        &["--name", "shop", "-d", "mesh=consul"],
        r#"mesh "consul" is not known: use none, istio, istio-ambient or linkerd, with -d mesh=…"#,
    ),
    (
        &["--name", "shop", "-d", "ci=jenkins"],
        r#"ci "jenkins" is not known: use github, gitlab or none, with -d ci=…"#,
    ),
    (
        &["--name", "shop", "-d", "store=mysql"],
        r#"store "mysql" is not known: use sqlite, postgres, both or none, with -d store=…"#,
    ),
    (
        &["--name", "shop", "-d", "events=kafka"],
        r#"events "kafka" is not known: use nats or none, with -d events=…"#,
    ),
    (
        &["--name", "shop", "-d", "store=none"],
        r#"store "none" keeps nothing, but the sample keeps its resource: take -d sample=none with it, or -d store=sqlite, which needs no server"#,
    ),
    (
        &[
            "--name",
            "shop",
            "-d",
            "sample=gateway",
            "-d",
            "store=sqlite",
        ],
        r#"store "sqlite" needs a resource that is kept, and a gateway has none: leave store out (or give -d store=none), or take -d sample=none or -d sample=order"#,
    ),
    (
        &["--name", "shop", "-d", "sample=none", "-d", "events=nats"],
        r#"events "nats" publishes what the sample keeps, and sample "none" has nothing of it: leave events out (or give -d events=none), or take -d sample=order"#,
    ),
    (
        &["--name", "shop", "-d", "platform=vendor"],
        r#"platform "vendor" is not known: use copy, git or registry, with -d platform=…"#,
    ),
    (
        &["--name", "shop", "-d", "platform=git"],
        r#"platform "git" needs the URL of a repository that has the crates, because this template has none of its own: give it with -d platform_source=https://…, or take -d platform=copy"#,
    ),
    (
        &["--name", "shop", "-d", "platform=registry"],
        r#"platform "registry" needs the name of your own registry"#,
    ),
    (
        &[
            "--name",
            "shop",
            "-d",
            "platform=registry",
            "-d",
            "platform_source=crates-io",
        ],
        r#"platform_source "crates-io" is the public registry, where the crates' names may be other people's: name your own registry with -d platform_source=…"#,
    ),
    (
        &[
            "--name",
            "shop",
            "-d",
            "platform_source=https://git.example/mesh",
        ],
        r#"platform_source "https://git.example/mesh" is for -d platform=git or -d platform=registry"#,
    ),
    (
        &[
            "--name",
            "shop",
            "-d",
            "platform=git",
            "-d",
            "platform_source=a\"b",
        ],
        r#"platform_source "a"b" has something in it"#,
    ),
    (
        &["template", "--name", "shop"],
        "the whole repository is the template: leave the folder's name out, as in `cargo generate --git REPOSITORY --name order-service`",
    ),
];

/// One row for each refusal and each other way to answer.
pub(crate) fn judge(stage: &Stage) -> Vec<Row> {
    let refused = REFUSED.iter().map(|(args, message)| {
        let mut row = Row::new(format!("refuses {}", args.join(" ")));
        row.check("message", || refuse(stage, args, message));
        row
    });
    let mut rows: Vec<Row> = refused.collect();
    let mut row = Row::new("same from a git URL, a values file and flags");
    row.check("generate", || same_by_all_ways(stage));
    rows.push(row);
    rows
}

fn refuse(stage: &Stage, args: &[&str], message: &str) -> Result<()> {
    let out = stage.folder.join("refused");
    remove(&out)?;
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    let output = stage.attempt(&out, "--path", &stage.template.to_string_lossy(), &args)?;
    ensure!(!output.status.success(), "was not refused");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(said.contains(message), "said {said}");
    // cargo-generate makes it before it asks.
    let left = fs::read_dir(&out)?.next().transpose()?;
    if let Some(left) = left.map(|entry| entry.path().display().to_string()) {
        let remedy = format!("then remove the empty folder {left}");
        ensure!(said.contains(&remedy), "does not say {remedy}: {said}");
    }
    Ok(())
}

fn same_by_all_ways(stage: &Stage) -> Result<()> {
    let path = stage.template.to_string_lossy().into_owned();
    let url = format!("file://{path}");
    let values = stage.folder.join("values.toml");
    fs::write(
        &values,
        "[values]\nresource = \"parcel\"\norganisation = \"globex\"\nmesh = \"linkerd\"\n",
    )?;
    let values = values.to_string_lossy().into_owned();
    let flags = "--name shop -d resource=parcel -d organisation=globex -d mesh=linkerd";
    let file = format!("--name shop --values-file {values}");
    let mut outputs = Vec::new();
    for (kind, source, args) in [
        ("--path", &path, flags),
        ("--git", &url, flags),
        ("--git", &url, &file),
    ] {
        let out = stage.folder.join("ways");
        remove(&out)?;
        let args: Vec<String> = args.split(' ').map(str::to_owned).collect();
        stage.generate_in(&out, kind, source, &args)?;
        let project = Project::new(out.join("shop"))?;
        let mut contents = Vec::new();
        for path in &project.files {
            contents.push((path.clone(), project.read(path)?));
        }
        // The answers that were recorded give the same service again.
        if outputs.is_empty() {
            fs::copy(
                project.folder.join(".template.toml"),
                stage.folder.join("answers.toml"),
            )?;
        }
        outputs.push(contents);
    }
    let answers = stage
        .folder
        .join("answers.toml")
        .to_string_lossy()
        .into_owned();
    let out = stage.folder.join("ways");
    remove(&out)?;
    let args = ["--name", "shop", "--values-file", &answers].map(str::to_owned);
    stage.generate_in(&out, "--path", &path, &args)?;
    let project = Project::new(out.join("shop"))?;
    for contents in outputs {
        ensure!(
            contents.len() == project.files.len(),
            "another number of files"
        );
        for (path, bytes) in contents {
            ensure!(project.read(&path)? == bytes, "{path} differs");
        }
    }
    Ok(())
}
