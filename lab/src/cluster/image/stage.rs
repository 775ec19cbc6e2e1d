//! The Dockerfile's last stage, carried out on files.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Map, Value, json};

use xtask::tree;

/// Where the stage that builds leaves what is copied.
const BUILT: &str = "/image/";

/// Lays out in `root` what the last stage copies, with `server` as what the stages
/// before have built; returns the image's configuration.
pub(super) fn lay_out(server: &Path, root: &Path) -> Result<Value> {
    fs::create_dir_all(root)?;
    let dockerfile = fs::read_to_string(tree::root().join("Dockerfile"))?;
    let mut config = Map::new();
    for (instruction, rest) in last_stage(&dockerfile)? {
        let place = format!("the Dockerfile's {instruction} {rest}");
        match instruction.as_str() {
            "COPY" => copy(&rest, server, root).context(place)?,
            "USER" => drop(config.insert("User".to_owned(), json!(rest))),
            "ENTRYPOINT" => {
                let words: Value = serde_json::from_str(&rest).context(place)?;
                config.insert("Entrypoint".to_owned(), words);
            }
            "ENV" => {
                let all = config.entry("Env").or_insert_with(|| json!([]));
                all.as_array_mut().context(place)?.push(json!(rest));
            }
            "VOLUME" => drop(config.insert("Volumes".to_owned(), json!({rest: {}}))),
            // What they say is for people, or for runtimes other than a kubelet.
            "ARG" | "LABEL" | "EXPOSE" | "HEALTHCHECK" => {}
            _ => bail!("{place}: lab/src/cluster/image/stage.rs does not know how"),
        }
    }
    ensure!(
        root.join("server").is_file(),
        "the last stage copies no server"
    );
    Ok(config.into())
}

/// Instructions after the last FROM, which is of nothing.
fn last_stage(dockerfile: &str) -> Result<Vec<(String, String)>> {
    let joined = dockerfile.replace("\\\n", " ");
    let (_, stage) = joined
        .rsplit_once("\nFROM scratch\n")
        .context("the Dockerfile's last stage is not FROM scratch")?;
    let lines = stage.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (instruction, rest) = line
                .split_once(' ')
                .with_context(|| format!("the Dockerfile has a line {line}"))?;
            Ok((instruction.to_owned(), rest.trim().to_owned()))
        })
        .collect()
}

/// `COPY --from=build [--chown=USER:GROUP] SOURCE TARGET`
fn copy(rest: &str, server: &Path, root: &Path) -> Result<()> {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let (flags, paths): (Vec<&str>, Vec<&str>) =
        words.iter().partition(|word| word.starts_with("--"));
    let [source, target] = paths[..] else {
        bail!("it has not one source and one target");
    };
    ensure!(
        flags.contains(&"--from=build"),
        "it is not of the stage that builds"
    );
    let owner = flags.iter().find_map(|flag| flag.strip_prefix("--chown="));
    let target = root.join(target.trim_start_matches('/'));
    fs::create_dir_all(&target)?;
    let made = if source == BUILT {
        let data = target.join("data");
        fs::create_dir_all(&data)?;
        fs::copy(server, target.join("server"))?;
        vec![data, target.join("server")]
    } else {
        // The same of this machine.
        let name = Path::new(source).file_name().context("it names no file")?;
        fs::copy(source, target.join(name))?;
        vec![target.join(name)]
    };
    for path in made {
        if let Some((user, group)) = owner.and_then(|it| it.split_once(':')) {
            chown(&path, Some(user.parse()?), Some(group.parse()?))?;
            ensure!(fs::metadata(&path)?.uid() == user.parse::<u32>()?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_stage_is_read_and_what_is_not_known_is_refused() {
        let text = "FROM a AS build\nRUN x\n\nFROM scratch\n# why\nLABEL a=b \\\n  c=d\nUSER 1:1\n";
        let stage = last_stage(text).unwrap();
        let names: Vec<&str> = stage.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["LABEL", "USER"]);
        assert!(last_stage("FROM debian\nUSER 1\n").is_err());
    }
}
