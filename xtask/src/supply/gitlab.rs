//! GitLab's pipeline.

use serde_yaml_ng::Value;

use super::is_pinned_image;

/// What a script says that puts something into a registry.
const PUBLISHES: [&str; 4] = ["docker push", " --push ", "helm push ", " login "];

pub(super) fn problems(text: &str) -> Vec<String> {
    let pipeline: Value = match serde_yaml_ng::from_str(text) {
        Ok(pipeline) => pipeline,
        Err(error) => return vec![error.to_string()],
    };
    let mut found = Vec::new();
    for (name, job) in jobs(&pipeline) {
        let services = job.get("services").and_then(Value::as_sequence);
        let images = services.into_iter().flatten().chain(job.get("image"));
        found.extend(
            images
                .filter_map(|image| image.get("name").unwrap_or(image).as_str())
                .filter(|image| !is_pinned_image(image))
                .map(|image| format!("{name}: {image} is not pinned by its digest")),
        );
        let publishes =
            said(job, "script").any(|line| PUBLISHES.iter().any(|command| line.contains(command)));
        if publishes && !only_for_tags(job) {
            found.push(format!("{name}: pushes an image whatever it is made of"));
        }
    }
    let mentioned = |what: &str| {
        jobs(&pipeline).any(|(_, job)| said(job, "script").any(|line| line.contains(what)))
    };
    if mentioned("docker buildx build") && !mentioned(super::SCAN) {
        found.push("builds an image, and no job asks what is known against it".to_owned());
    }
    found
}

/// Whether a pipeline that a schedule starts checks dependencies.
pub(super) fn checks_weekly(text: &str) -> bool {
    let Ok(pipeline) = serde_yaml_ng::from_str::<Value>(text) else {
        return false;
    };
    let scheduled = text.lines().any(|line| line.contains("\"schedule\""));
    let checks = jobs(&pipeline).any(|(_, job)| {
        // Without rules and with nothing to inherit them from, it is always run.
        job.get("rules").is_none()
            && said(job, "extends").all(|of| of == ".rust")
            && said(job, "script").any(|line| line.contains("cargo deny"))
    });
    let rust = pipeline
        .get(".rust")
        .is_none_or(|of| of.get("rules").is_none());
    scheduled && checks && rust
}

/// Whether each rule is about tags or never lets it run.
fn only_for_tags(job: &Value) -> bool {
    let rules = job.get("rules").and_then(Value::as_sequence);
    rules.is_some_and(|rules| {
        !rules.is_empty()
            && rules.iter().all(|rule| {
                let condition = rule.get("if").and_then(Value::as_str).unwrap_or_default();
                let when = rule.get("when").and_then(Value::as_str).unwrap_or_default();
                condition == "$CI_COMMIT_TAG" || when == "never"
            })
    })
}

fn jobs(pipeline: &Value) -> impl Iterator<Item = (&str, &Value)> {
    pipeline
        .as_mapping()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.as_str()?, value)))
}

/// A string, or each of several.
fn said<'a>(job: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    let value = job.get(key).unwrap_or(&Value::Null);
    let many = value.as_sequence().into_iter().flatten();
    many.chain(std::iter::once(value)).filter_map(Value::as_str)
}
