//! GitHub's workflows.

use serde_yaml_ng::Value;

use super::{is_hex, is_pinned_image};

pub(super) fn problems(text: &str) -> Vec<String> {
    let workflow: Value = match serde_yaml_ng::from_str(text) {
        Ok(workflow) => workflow,
        Err(error) => return vec![error.to_string()],
    };
    let mut found = actions(text);
    if text.contains("pull_request_target") {
        found.push("pull_request_target gives strangers' code the repository's rights".into());
    }
    match workflow.get("permissions") {
        None => {
            found.push("has no permissions of its own, so each job has the default ones".into())
        }
        Some(permissions) => {
            let written = written(permissions).map(|what| format!("every job may: {what}"));
            found.extend(written);
        }
    }
    for (name, job) in entries(workflow.get("jobs")) {
        let permissions = job.get("permissions").unwrap_or(&Value::Null);
        found.extend(
            written(permissions)
                .filter(|what| what != "packages: write" || !pushes(job))
                .filter(|what| what != "id-token: write" || !signs(job))
                .map(|what| format!("{name}: {what}, but it pushes no image and signs none")),
        );
        if builds(job) && !scans(job) {
            found.push(format!(
                "{name}: builds an image, and no step asks what is known against it"
            ));
        }
        let services = entries(job.get("services")).map(|(_, service)| service);
        let images = services.chain(job.get("container"));
        found.extend(
            images
                .filter_map(|image| image.get("image").unwrap_or(image).as_str())
                .filter(|image| !is_pinned_image(image))
                .map(|image| format!("{name}: {image} is not pinned by its digest")),
        );
        found.extend(
            steps(job)
                .filter(|step| uses(step).starts_with("actions/checkout@"))
                .filter(|step| input(step, "persist-credentials") != Some(&Value::Bool(false)))
                .map(|_| format!("{name}: actions/checkout leaves its token in the clone")),
        );
    }
    found
}

/// Whether it has dependencies checked on a schedule.
pub(super) fn checks_weekly(text: &str) -> bool {
    let Ok(workflow) = serde_yaml_ng::from_str::<Value>(text) else {
        return false;
    };
    let scheduled = workflow
        .get("on")
        .is_some_and(|on| on.get("schedule").is_some());
    let checks = entries(workflow.get("jobs"))
        .any(|(_, job)| steps(job).any(|step| uses(step).contains("/cargo-deny-action@")));
    scheduled && checks
}

/// Actions that are not pinned, or whose version nobody can read.
fn actions(text: &str) -> Vec<String> {
    let used = text.lines().filter_map(|line| {
        let line = line.trim().trim_start_matches("- ");
        line.strip_prefix("uses: ")
    });
    used.filter(|used| !used.starts_with("./"))
        .filter_map(|used| {
            let (action, version) = used.split_once('#').unwrap_or((used, ""));
            let (_, revision) = action.trim().split_once('@').unwrap_or_default();
            if !is_hex(revision, 40) {
                Some(format!("{} is not pinned by its commit", action.trim()))
            } else if !version.trim().starts_with('v') {
                Some(format!(
                    "{} does not say which version that is",
                    action.trim()
                ))
            } else {
                None
            }
        })
        .collect()
}

/// What is more than reading the contents.
fn written(permissions: &Value) -> impl Iterator<Item = String> {
    let all = permissions.as_str().map(str::to_owned);
    let some = entries(Some(permissions))
        .map(|(what, right)| format!("{what}: {}", right.as_str().unwrap_or_default()))
        .filter(|right| right != "contents: read" && !right.ends_with(": none"));
    all.into_iter().chain(some)
}

fn pushes(job: &Value) -> bool {
    steps(job).any(|step| {
        let run = step.get("run").and_then(Value::as_str).unwrap_or_default();
        run.contains("helm push ")
            || uses(step).starts_with("docker/build-push-action@")
                && input(step, "push") == Some(&Value::Bool(true))
    })
}

fn builds(job: &Value) -> bool {
    steps(job).any(|step| uses(step).starts_with("docker/build-push-action@"))
}

/// Whether what is known against an image ends it.
fn scans(job: &Value) -> bool {
    steps(job).any(|step| {
        let run = step.get("run").and_then(Value::as_str).unwrap_or_default();
        run.contains(super::SCAN)
    })
}

/// Whether it writes under names that exist by then, and proves which workflow did.
fn signs(job: &Value) -> bool {
    steps(job).any(|step| {
        let run = step.get("run").and_then(Value::as_str).unwrap_or_default();
        run.contains("cosign sign ")
    })
}

fn steps(job: &Value) -> impl Iterator<Item = &Value> {
    job.get("steps")
        .and_then(Value::as_sequence)
        .into_iter()
        .flatten()
}

fn uses(step: &Value) -> &str {
    step.get("uses").and_then(Value::as_str).unwrap_or_default()
}

fn input<'a>(step: &'a Value, name: &str) -> Option<&'a Value> {
    step.get("with")?.get(name)
}

fn entries(map: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    map.and_then(Value::as_mapping)
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.as_str()?, value)))
}
