//! Which events are logged, changeable while running.

use std::sync::{Arc, PoisonError, RwLock};

use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Filter};

/// Target of what every log must have: no directive hides it.
pub(crate) const AUDIT: &str = "audit";

/// Directives such as `info,rpc=debug`; clones change together.
#[derive(Debug, Clone)]
pub(crate) struct Levels(Arc<RwLock<Targets>>);

impl Levels {
    /// # Errors
    /// With what is wrong, when `directives` cannot be understood.
    pub(crate) fn parse(directives: &str) -> Result<Self, String> {
        Ok(Self(Arc::new(RwLock::new(targets(directives)?))))
    }

    /// Adds `target=level`.
    pub(crate) fn add(&self, target: &str, level: LevelFilter) {
        self.change(|targets| targets.clone().with_target(target, level));
    }

    /// Replaces all directives, at once and for all threads; `said` is told
    /// before, from what to what.
    ///
    /// # Errors
    /// As [`Levels::parse`]; then nothing changes.
    pub(crate) fn set(
        &self,
        directives: &str,
        said: impl FnOnce(&str, &str),
    ) -> Result<(), String> {
        let next = targets(directives)?;
        said(&self.to_string(), &next.to_string());
        self.change(|_| next);
        tracing::callsite::rebuild_interest_cache();
        Ok(())
    }

    fn change(&self, next: impl FnOnce(&Targets) -> Targets) {
        let mut targets = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *targets = next(&targets);
    }

    fn logs(&self, metadata: &Metadata<'_>) -> bool {
        !metadata.is_span()
            && (metadata.target() == AUDIT
                || self.read(|targets| targets.would_enable(metadata.target(), metadata.level())))
    }

    fn read<T>(&self, read: impl FnOnce(&Targets) -> T) -> T {
        read(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Display for Levels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.read(|targets| targets.fmt(f))
    }
}

fn targets(directives: &str) -> Result<Targets, String> {
    let directives = directives.trim();
    // A lone word that is no level would count as a target, logged at `trace`.
    for directive in directives.split(',') {
        let level = directive.rsplit('=').next().unwrap_or_default().trim();
        if level.parse::<LevelFilter>().is_err() || level.is_empty() {
            return Err(format!(
                "`{level}` is no level; use off, error, warn, info, debug or trace, alone or as target=level, separated by commas"
            ));
        }
    }
    directives
        .parse::<Targets>()
        .map_err(|error| format!("`{directives}`: {error}"))
}

impl<S> Filter<S> for Levels {
    fn enabled(&self, metadata: &Metadata<'_>, _context: &Context<'_, S>) -> bool {
        self.logs(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.logs(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.read(|targets| {
            targets
                .iter()
                .map(|(_, level)| level)
                .chain(targets.default_level())
                // Of `AUDIT`.
                .chain([LevelFilter::WARN])
                .max()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_levels_and_pairs() {
        for good in ["info", "warn,rpc=debug", " debug ", "a::b=trace,off"] {
            assert!(Levels::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "loud", "info,", "rpc=", "rpc=loud", "info;debug", "rpc"] {
            let error = Levels::parse(bad).unwrap_err();
            assert!(error.contains("off, error, warn"), "{bad}: {error}");
        }
    }
}
