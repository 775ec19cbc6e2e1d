//! `update`: a service on a newer version of the template.
//!
//! The old and the new version are generated with the answers that the service
//! was made with; what lies between them is merged into what the team made of the
//! old one, by git, three ways. All of that happens in a repository of its own:
//! the service's gets one branch with one commit, and its checkout is not touched.

mod arguments;
mod beside;
mod derived;
mod drift;
mod generation;
mod git;
mod lock;
mod manifest;
mod merge;
mod migrations;
mod newer;
mod record;
mod report;
mod steps;
mod template;
mod work;

use std::path::Path;
use std::thread;

pub use arguments::Options;
pub use report::Report;
pub(crate) use steps::migrate_values;

use crate::Error;
use merge::Trees;
use record::{Record, Service};
use template::{Release, Template};
use work::Work;

/// Updates the service that `here` is in, or says what would happen. `say` gets
/// what should be known before it begins.
///
/// # Errors
///
/// If it cannot begin: nothing has changed then.
pub fn update(here: &Path, options: &Options, say: &mut dyn FnMut(&str)) -> Result<Report, Error> {
    git::check_version()?;
    let service = Service::find(here)?;
    service.check_clean()?;
    generation::check_program()?;
    let source = (options.source.as_ref().or(service.record.source.as_ref())).ok_or_else(|| {
        Error::new("where the template is, is not recorded: give it with --source URL")
    })?;
    let source = absolute(here, source);
    let committer = committer(&service)?;

    let work = Work::new(&service)?;
    let template = Template::fetch(&work, &source)?;
    let old = template.origin(&service, options.from.as_deref())?;
    let Some(new) = target(&template, &old, options)? else {
        return Ok(Report::current(&old.name));
    };
    let branch = format!("{}{}", service.branches(), new.name);
    if service.git.succeeds(&[
        "rev-parse",
        "--verify",
        "--quiet",
        &format!("refs/heads/{branch}"),
    ]) {
        return Err(Error::new(format!(
            "branch {branch} is there already: go on with it, or remove it with cargo xtask \
             update --abort"
        )));
    }

    let values = answers(&work, &service, &new, &options.set)?;
    let recorded = template::without_login(&source);
    let pristine = |release: &Release, values: &[(String, String)]| {
        generation::generate(&work, release, &service, values, &recorded)
    };
    let (old_folder, new_folder) = both(
        || pristine(&old, &service.record.values),
        || pristine(&new, &values),
    )?;
    let unformatted = work.take_in(&old_folder)?;
    let style = generation::style(&service.unit, &old_folder);
    let name = service.record.value("project-name").unwrap_or_default();
    both(
        || generation::format(&old_folder, name, style.as_deref()),
        || generation::format(&new_folder, name, style.as_deref()),
    )?;

    let head = service.git.text(&["rev-parse", "HEAD"])?;
    let own = if service.prefix.is_empty() {
        format!("{head}^{{tree}}")
    } else {
        format!("{head}:{}", service.prefix.trim_end_matches('/'))
    };
    let trees = Trees {
        old: work.take_in(&old_folder)?,
        unformatted,
        own: work.git.text(&["rev-parse", "--verify", &own])?,
        new: work.take_in(&new_folder)?,
        member: service.member.clone(),
        store_changes: answer(&values, "store") != service.record.value("store"),
    };
    let steps = steps::between(&work, &old, &new)?;
    for name in merge::drifted(&work.files(&trees.old)?, &work.files(&trees.own)?) {
        say(&format!(
            "crates/{name} is changed here: it is merged, not replaced"
        ));
    }
    let theirs = format!("template {}", new.name);
    let merged = merge::merge(&work, &trees, &steps, ["yours", &theirs])?;
    let report = Report::new(merged, &old.name, &new.name, &branch);
    if report.is_empty() || options.dry_run {
        return Ok(report.only_said(options.dry_run));
    }

    let tree = work.tree_within(&head, &service.prefix, report.tree())?;
    let mut git = work.git.clone();
    for (name, value) in committer {
        git = git.with(name, value);
    }
    let commit = git.text(&["commit-tree", &tree, "-p", &head, "-m", &report.message()])?;
    let refspec = format!("{commit}:refs/heads/{branch}");
    let place = work.place_of_repository();
    let from = place.display().to_string();
    (service.git).bytes(&[
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-write-fetch-head",
        &from,
        &refspec,
    ])?;
    Ok(report)
}

/// Removes the branches of updates; their names.
///
/// # Errors
///
/// If there is none, or one of them is checked out.
pub fn abort(here: &Path) -> Result<Vec<String>, Error> {
    let service = Service::find(here)?;
    let branches = service.branches();
    let pattern = format!("refs/heads/{branches}*");
    let listed = (service.git).text(&["for-each-ref", "--format=%(refname:lstrip=2)", &pattern])?;
    // A member `a` has nothing to do with those of `a-b`.
    let own = |name: &&str| (name.strip_prefix(&*branches)).is_some_and(|it| !it.contains('-'));
    let branches: Vec<_> = listed.lines().filter(own).map(str::to_owned).collect();
    let current = service.git.text(&["rev-parse", "--abbrev-ref", "HEAD"])?;
    if branches.is_empty() {
        return Err(Error::new("there is no update to abort"));
    }
    if branches.contains(&current) {
        return Err(Error::new(format!(
            "{current} is checked out: change to your own branch first, with git switch"
        )));
    }
    for branch in &branches {
        service.git.bytes(&["branch", "--quiet", "-D", branch])?;
    }
    Ok(branches)
}

/// Where to go; `None` if the service is there.
fn target(template: &Template, old: &Release, options: &Options) -> Result<Option<Release>, Error> {
    let new = match &options.to {
        Some(said) => template.find(said)?,
        None => template.newest()?,
    };
    let older = template.is_before(&new, old);
    if older && options.to.is_some() {
        return Err(Error::new(format!(
            "{} is older than {}, which the service has: an update only goes on",
            new.name, old.name
        )));
    }
    if options.set.is_empty() {
        return Ok((!older && new != *old).then_some(new));
    }
    // Other answers, on the version that is there.
    Ok(Some(if older { old.clone() } else { new }))
}

fn answer<'a>(values: &'a [(String, String)], key: &str) -> Option<&'a str> {
    let value = values.iter().find(|(known, _)| known == key);
    value.map(|(_, value)| value.as_str())
}

/// How the template says that it asks for `key`.
fn placeholder(key: &str) -> String {
    format!("[placeholders.{key}]")
}

/// The answers of the new version.
fn answers(
    work: &Work,
    service: &Service,
    new: &Release,
    set: &[(String, String)],
) -> Result<Vec<(String, String)>, Error> {
    let mut values = service.record.values.clone();
    values.retain(|(key, value)| key != "platform_version" || !follows(value, &service.record));
    let asked = work
        .git
        .text(&["show", &format!("{}:cargo-generate.toml", new.commit)])?;
    for (key, value) in ASKED_LATER {
        let has = service.record.value("sample") != Some("none");
        if has && service.record.value(key).is_none() && asked.contains(&placeholder(key)) {
            values.push((key.to_owned(), value.to_owned()));
        }
    }
    for (key, value) in set {
        let known = service.record.value(key).is_some()
            || PLATFORM.contains(&key.as_str())
            || asked.contains(&placeholder(key));
        if !known || key == "project-name" {
            return Err(Error::new(format!(
                "{key} is no answer that can change: see [values] in {}",
                record::RECORD
            )));
        }
        values.retain(|(it, _)| it != key);
        values.push((key.clone(), value.clone()));
    }
    Ok(values)
}

/// What there is to know of the service in `root` beside its faults: shared crates
/// that the team has changed, and whether the template has a newer version.
///
/// # Errors
///
/// If the record of where the service came from cannot be read.
pub(crate) fn standing(root: &Path) -> Result<Vec<String>, Error> {
    let Some(record) = Record::read(root)? else {
        return Ok(Vec::new());
    };
    let unit = record::workspace(root).unwrap_or_else(|| root.to_owned());
    let mut notes = Vec::new();
    let copied = unit.join("crates").is_dir() && record.value("platform") == Some("copy");
    match drift::drifted(&record, &unit)? {
        Some(drifted) => notes.extend(drifted.iter().map(|name| {
            format!("crates/{name} is not as it came: an update merges it instead of replacing it")
        })),
        None if copied => notes.push(
            "what the shared crates were when they came is not recorded: the next update does"
                .to_owned(),
        ),
        None => {}
    }
    notes.extend(newer::newer(&record));
    Ok(notes)
}

/// What services of the sample have that were made before it was asked for; the
/// template's own default would take it out.
const ASKED_LATER: [(&str, &str); 1] = [("events", "nats")];

/// Answers that are given without being asked for.
const PLATFORM: [&str; 3] = ["platform_source", "platform_version", "platform_index"];

/// Whether `said`, where the crates come from, is what the template's version says
/// of itself: then the next one says it anew.
fn follows(said: &str, record: &Record) -> bool {
    let said = said.strip_prefix('v').unwrap_or(said);
    let mut series = record.version.as_str();
    loop {
        if said == series {
            return true;
        }
        match series.rsplit_once('.') {
            Some((shorter, _)) => series = shorter,
            None => return false,
        }
    }
}

/// Who commits: asked for first, because git wants to know it last.
fn committer(service: &Service) -> Result<Vec<(&'static str, String)>, Error> {
    let said = (service.git)
        .text(&["var", "GIT_COMMITTER_IDENT"])
        .map_err(|_| {
            Error::new("git does not know who commits: git config user.name and user.email")
        })?;
    let (name, rest) = said.split_once(" <").unwrap_or((&said, ""));
    let mail = rest.split_once('>').map_or("", |(mail, _)| mail);
    Ok(vec![
        ("GIT_AUTHOR_NAME", name.to_owned()),
        ("GIT_AUTHOR_EMAIL", mail.to_owned()),
        ("GIT_COMMITTER_NAME", name.to_owned()),
        ("GIT_COMMITTER_EMAIL", mail.to_owned()),
    ])
}

/// A source is a URL, or a folder as seen from where the command was given.
fn absolute(here: &Path, source: &str) -> String {
    match here.join(source).canonicalize() {
        Ok(path) if !source.contains(':') => path.display().to_string(),
        _ => source.to_owned(),
    }
}

/// Two things at once.
fn both<T: Send>(
    one: impl FnOnce() -> Result<T, Error> + Send,
    other: impl FnOnce() -> Result<T, Error>,
) -> Result<(T, T), Error> {
    thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        let one = (one.join()).map_err(|_| Error::new("a thread of the update died"))?;
        Ok((one?, other?))
    })
}
