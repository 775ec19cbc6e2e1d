//! What a service's command `migrate` is: its flags, and what it does.

use std::time::Duration;

use chassis::exit::Fatal;
use chassis::settings::duration;

use crate::open::{Limits, StoreUrl, open_within};
use crate::table::Table;

/// How tables are brought up to date.
#[derive(Debug, Clone, clap::Args)]
pub struct Migration {
    /// How long to try again while the database cannot be reached, or cannot be
    /// written to yet. Any other answer of its ends the command at once.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub wait: Duration,
}

impl Migration {
    /// Brings the tables of `R` up to date. Once the database is there that takes as
    /// long as it takes.
    ///
    /// # Errors
    /// Why they cannot be, and of a database that never came how long it was waited for.
    pub async fn run<R: Table>(&self, url: &StoreUrl, limits: Limits) -> Result<(), Fatal> {
        match open_within::<R>(url, limits, self.wait).await {
            Ok(store) => {
                store.close().await;
                Ok(())
            }
            Err(error) if error.may_pass() && !self.wait.is_zero() => {
                let wait = self.wait;
                let line = format!("{error}; waited {wait:?} for it, --wait says how long");
                Err(Fatal::unavailable(line))
            }
            Err(error) => Err(error.into()),
        }
    }
}
