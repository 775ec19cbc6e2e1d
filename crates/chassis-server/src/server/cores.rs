//! The threads that serve connections.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use chassis_core::exit::Fatal;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;

use crate::server::Runtime;

/// A runtime for each core, or the present one for all. A connection and its
/// calls stay where they began, until this is dropped.
pub(super) struct Cores {
    cores: Vec<Core>,
    /// Ends the threads when it is dropped.
    _running: watch::Sender<()>,
}

struct Core {
    runtime: Handle,
    /// Held by each of its connections.
    open: Arc<()>,
}

impl Cores {
    /// Starts the threads, if there are to be any.
    ///
    /// # Errors
    /// [`Fatal::software`] if the system gives no more threads.
    pub(super) fn start(kind: Runtime) -> Result<Self, Fatal> {
        let number = match kind {
            Runtime::Shared => 0,
            Runtime::PerCore => thread::available_parallelism().map_or(1, NonZero::get),
        };
        let (running, ended) = watch::channel(());
        let mut cores = Vec::with_capacity(number);
        for core in 0..number {
            let cannot =
                |error| Fatal::software(format!("cannot start a thread for core {core}: {error}"));
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(cannot)?;
            cores.push(Core {
                runtime: runtime.handle().clone(),
                open: Arc::default(),
            });
            let mut ended = ended.clone();
            let serve = move || {
                // Nothing is sent: it fails when the sender is gone.
                let _ = runtime.block_on(ended.changed());
                runtime.shutdown_background();
            };
            let thread = thread::Builder::new().name(format!("core-{core}"));
            thread.spawn(serve).map_err(cannot)?;
        }
        Ok(Self {
            cores,
            _running: running,
        })
    }

    /// Serves `stream` on the core that has the fewest connections.
    pub(super) fn spawn<F>(
        &self,
        stream: TcpStream,
        serve: impl FnOnce(TcpStream) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let fewest = (self.cores.iter()).min_by_key(|core| Arc::strong_count(&core.open));
        let Some(core) = fewest else {
            tokio::spawn(serve(stream));
            return;
        };
        let open = Arc::clone(&core.open);
        let stream = stream.into_std();
        core.runtime.spawn(async move {
            // Readiness is told to the runtime that asks.
            match stream.and_then(TcpStream::from_std) {
                Ok(stream) => serve(stream).await,
                Err(error) => tracing::warn!(%error, "cannot hand a connection to its core"),
            }
            drop(open);
        });
    }
}
