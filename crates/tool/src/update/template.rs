//! The template's repository: which versions there are.

use super::git::Git;
use super::record::Service;
use super::work::Work;
use crate::Error;

/// A commit of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Release {
    /// In full.
    pub commit: String,
    /// The tag without its `v`, else the commit in short.
    pub name: String,
}

/// What every commit of it has, and no service.
const ASKS: &str = "cargo-generate.toml";

/// The template's history, in the working repository.
pub(super) struct Template<'a> {
    git: &'a Git,
    source: String,
}

impl<'a> Template<'a> {
    /// Gets the history from `source`.
    pub(super) fn fetch(work: &'a Work, source: &str) -> Result<Self, Error> {
        let refs = [
            "+HEAD:refs/template/HEAD",
            "+refs/heads/*:refs/template/heads/*",
            "+refs/tags/*:refs/tags/*",
        ];
        let mut arguments = vec!["fetch", "--quiet", "--no-tags", "--", source];
        arguments.extend(refs);
        work.git.bytes(&arguments).map_err(|error| {
            Error::new(format!(
                "the template cannot be had from {} ({error}): give another place with \
                 --source URL",
                without_login(source)
            ))
        })?;
        Ok(Self {
            git: &work.git,
            source: source.to_owned(),
        })
    }

    /// The versions, oldest first, each with its tag.
    fn versions(&self) -> Result<Vec<(Vec<u64>, String)>, Error> {
        let tags = self.git.text(&["tag", "--list"])?;
        let mut versions: Vec<_> = tags
            .lines()
            .filter_map(|tag| Some((numbers(tag.strip_prefix('v')?)?, tag.to_owned())))
            .collect();
        versions.sort();
        Ok(versions)
    }

    /// What `said` means: a version, a tag, a branch or a commit.
    pub(super) fn find(&self, said: &str) -> Result<Release, Error> {
        for place in [
            format!("refs/tags/v{said}"),
            format!("refs/tags/{said}"),
            format!("refs/template/heads/{said}"),
            said.to_owned(),
        ] {
            if let Some(commit) = self.commit(&place) {
                return self.named(commit);
            }
        }
        // A commit may be on no branch.
        let is_commit = said.len() == 40 && said.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_commit
            && (self.git).succeeds(&["fetch", "--quiet", "--no-tags", "--", &self.source, said])
            && let Some(commit) = self.commit(said)
        {
            return self.named(commit);
        }
        let known: Vec<_> = (self.versions()?.into_iter())
            .map(|(_, tag)| tag.trim_start_matches('v').to_owned())
            .collect();
        Err(Error::new(format!(
            "{} has no version or commit {said}; its versions: {}",
            without_login(&self.source),
            if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            }
        )))
    }

    /// The newest version; where nothing is released, the newest commit.
    pub(super) fn newest(&self) -> Result<Release, Error> {
        match self.versions()?.pop() {
            Some((_, tag)) => self.find(&tag),
            None => self.find("refs/template/HEAD"),
        }
    }

    /// What the service was generated from.
    pub(super) fn origin(&self, service: &Service, said: Option<&str>) -> Result<Release, Error> {
        let record = &service.record;
        if let Some(said) = said.or(record.commit.as_deref()) {
            return self.find(said);
        }
        self.find(&format!("refs/tags/v{}", record.version))
            .map_err(|_| {
                Error::new(
                    "which commit of the template the service was generated from is not recorded: \
                     give it with --from COMMIT",
                )
            })
    }

    /// Whether `older` is in the history of `newer`.
    pub(super) fn is_before(&self, older: &Release, newer: &Release) -> bool {
        let (older, newer) = (&older.commit, &newer.commit);
        older != newer && (self.git).succeeds(&["merge-base", "--is-ancestor", older, newer])
    }

    fn commit(&self, place: &str) -> Option<String> {
        if place.starts_with('-') {
            return None;
        }
        let place = format!("{place}^{{commit}}");
        let commit = self.git.text(&["rev-parse", "--verify", "--quiet", &place]);
        // The service's own are known here too.
        commit.ok().filter(|it| {
            self.git
                .succeeds(&["cat-file", "-e", &format!("{it}:{ASKS}")])
        })
    }

    fn named(&self, commit: String) -> Result<Release, Error> {
        let tags = self.git.text(&["tag", "--points-at", &commit])?;
        let mut versions = tags.lines().filter_map(|tag| tag.strip_prefix('v'));
        let name = match versions.rfind(|tag| numbers(tag).is_some()) {
            Some(version) => version.to_owned(),
            None => commit.chars().take(9).collect(),
        };
        Ok(Release { commit, name })
    }
}

/// A URL as others may read it. A login over HTTP is somebody's; the name in one of SSH is
/// everybody's.
pub(super) fn without_login(source: &str) -> String {
    match source.split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => {
            let host = rest.find('/').unwrap_or(rest.len());
            let login = rest[..host].rfind('@').map_or(0, |at| at + 1);
            format!("{scheme}://{}", &rest[login..])
        }
        _ => source.to_owned(),
    }
}

/// `1.2.3` as numbers.
pub(super) fn numbers(text: &str) -> Option<Vec<u64>> {
    text.split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::without_login;

    #[test]
    fn nobody_s_login_is_written_down() {
        for (source, said) in [
            ("https://ci:s3cret@host/a/b", "https://host/a/b"),
            ("http://s3cret@host", "http://host"),
            ("https://host/a@b", "https://host/a@b"),
            ("ssh://git@host/a", "ssh://git@host/a"),
            ("git@host:a/b", "git@host:a/b"),
            ("/a/b", "/a/b"),
        ] {
            assert_eq!(without_login(source), said);
        }
    }
}
