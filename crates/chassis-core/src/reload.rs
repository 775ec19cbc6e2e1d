//! Hot reload: what is made of files (certificates, keys) is made anew when they
//! change.
//!
//! The content is compared: Kubernetes swaps a link, editors rename, and times
//! tell neither reliably.

mod check;
mod file;
#[cfg(feature = "tls")]
mod pem;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::exit::Fatal;

pub use check::FileCheck;
pub use file::{Content, Source};

type Make<T> = dyn Fn(&[Content]) -> Result<T, Fatal> + Send + Sync;

/// What was made of the files first.
pub struct LoadedFiles<T> {
    /// In the log.
    what: &'static str,
    sources: Arc<[Source]>,
    make: Arc<Make<T>>,
    contents: Vec<Content>,
    /// What is made of them.
    pub made: T,
}

impl<T: fmt::Debug> fmt::Debug for LoadedFiles<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedFiles")
            .field("sources", &self.sources)
            .field("made", &self.made)
            .finish_non_exhaustive()
    }
}

impl<T: Clone + Send + Sync + 'static> LoadedFiles<T> {
    /// Reads the files, which hold `what`, and makes of them what is needed.
    ///
    /// # Errors
    /// [`Fatal::usage`] that names the file that cannot be read, or used.
    pub fn load(
        what: &'static str,
        sources: Vec<Source>,
        make: impl Fn(&[Content]) -> Result<T, Fatal> + Send + Sync + 'static,
    ) -> Result<Self, Fatal> {
        let contents = read(&sources)?;
        let value = make(&contents)?;
        Ok(Self {
            what,
            sources: sources.into(),
            make: Arc::new(make),
            contents,
            made: value,
        })
    }

    /// Looks at the files each `interval`, and calls `seen` with what is
    /// current and how the look went.
    pub fn watch(
        self,
        interval: Duration,
        mut seen: impl FnMut(&T, FileCheck) + Send + 'static,
    ) -> WatchedFiles<T> {
        let (sender, current) = watch::channel(self.made.clone());
        let (looked, checks) = watch::channel(FileCheck::good());
        let task = tokio::spawn(async move {
            let mut contents = self.contents;
            let mut fault = Fault::default();
            loop {
                seen(&sender.borrow(), *looked.borrow());
                tokio::time::sleep(interval).await;
                let (sources, make, before) = (
                    Arc::clone(&self.sources),
                    Arc::clone(&self.make),
                    contents.clone(),
                );
                let renewed = move || renewed(&sources, &*make, &before);
                match tokio::task::spawn_blocking(renewed).await {
                    Ok(Ok(read)) => {
                        fault = Fault::default();
                        looked.send_modify(FileCheck::succeed);
                        if let Some((read, value)) = read {
                            contents = read;
                            sender.send_replace(value);
                            let file = self.sources[0].path.display();
                            tracing::info!(%file, "{} read anew", self.what);
                        }
                    }
                    Ok(Err(error)) => {
                        fault.seen(error, self.what);
                        looked.send_modify(FileCheck::fail);
                    }
                    // The runtime is shutting down.
                    Err(_) => return,
                }
            }
        });
        WatchedFiles {
            current,
            checks,
            _task: Arc::new(Task(task)),
        }
    }
}

/// What is wrong with the files as they are.
#[derive(Default)]
struct Fault {
    last: Option<Fatal>,
    times: u32,
}

impl Fault {
    /// Warns when it is seen a second time, and then no more: files that are
    /// just being replaced do not fit together for a moment.
    fn seen(&mut self, error: Fatal, what: &str) {
        if self.last.as_ref() != Some(&error) {
            self.times = 0;
        }
        self.times = self.times.saturating_add(1);
        if self.times == 2 {
            tracing::warn!(%error, "new {what} cannot be used; those before stay for now");
        }
        self.last = Some(error);
    }
}

fn read(sources: &[Source]) -> Result<Vec<Content>, Fatal> {
    sources.iter().map(Source::read).collect()
}

fn renewed<T>(
    sources: &[Source],
    make: &Make<T>,
    before: &[Content],
) -> Result<Option<(Vec<Content>, T)>, Fatal> {
    let contents = read(sources)?;
    let is_same = (contents.iter().zip(before)).all(|(now, then)| now.bytes == then.bytes);
    if is_same {
        return Ok(None);
    }
    let value = make(&contents)?;
    Ok(Some((contents, value)))
}

/// What the files are now, until the last clone is dropped.
#[derive(Debug, Clone)]
pub struct WatchedFiles<T> {
    /// What is made of them.
    pub current: watch::Receiver<T>,
    /// How the last look at the files went.
    pub checks: watch::Receiver<FileCheck>,
    _task: Arc<Task>,
}

#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
