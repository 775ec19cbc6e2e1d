//! The process and its runtime, read when somebody asks.

use std::fs;
use std::time::Instant;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use tokio::runtime::Handle;

/// `/proc` counts CPU time in these, on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// Observes this process, and `runtime` if there is one.
pub(crate) fn observe(
    meter: &Meter,
    runtime: Option<Handle>,
    dropped_lines: impl Fn() -> u64 + Send + Sync + 'static,
) {
    let started = Instant::now();
    meter
        .f64_observable_counter("process.cpu.time")
        .with_unit("s")
        .with_description("CPU time of the process.")
        .with_callback(|counter| {
            if let Some(stat) = stat() {
                counter.observe(stat.user, &[KeyValue::new("cpu.mode", "user")]);
                counter.observe(stat.system, &[KeyValue::new("cpu.mode", "system")]);
            }
        })
        .build();
    meter
        .i64_observable_up_down_counter("process.memory.usage")
        .with_unit("By")
        .with_description("Memory of the process that is resident.")
        .with_callback(|sum| {
            if let Some(bytes) = resident() {
                sum.observe(bytes, &[]);
            }
        })
        .build();
    meter
        .i64_observable_up_down_counter("process.thread.count")
        .with_unit("{thread}")
        .with_description("Threads of the process.")
        .with_callback(|sum| {
            if let Some(stat) = stat() {
                sum.observe(stat.threads, &[]);
            }
        })
        .build();
    meter
        .i64_observable_up_down_counter("process.unix.file_descriptor.count")
        .with_unit("{file_descriptor}")
        .with_description("Files and sockets that the process holds open.")
        .with_callback(|sum| {
            if let Ok(files) = fs::read_dir("/proc/self/fd") {
                sum.observe(files.count().cast_signed() as i64, &[]);
            }
        })
        .build();
    meter
        .f64_observable_gauge("process.uptime")
        .with_unit("s")
        .with_description("Time since the process started its telemetry.")
        .with_callback(move |gauge| gauge.observe(started.elapsed().as_secs_f64(), &[]))
        .build();
    meter
        .u64_observable_counter("log.dropped")
        .with_unit("{line}")
        .with_description("Log lines dropped because standard output stalled.")
        .with_callback(move |counter| counter.observe(dropped_lines(), &[]))
        .build();
    if let Some(runtime) = runtime {
        observe_runtime(meter, runtime);
    }
}

fn observe_runtime(meter: &Meter, runtime: Handle) {
    let handle = runtime.clone();
    meter
        .u64_observable_gauge("tokio.runtime.workers")
        .with_unit("{thread}")
        .with_description("Threads that run the service's tasks.")
        .with_callback(move |gauge| gauge.observe(handle.metrics().num_workers() as u64, &[]))
        .build();
    let handle = runtime.clone();
    meter
        .u64_observable_gauge("tokio.runtime.tasks")
        .with_unit("{task}")
        .with_description("Tasks that are alive.")
        .with_callback(move |gauge| gauge.observe(handle.metrics().num_alive_tasks() as u64, &[]))
        .build();
    meter
        .u64_observable_gauge("tokio.runtime.queue.length")
        .with_unit("{task}")
        .with_description("Tasks that wait for a thread, in the queue shared by all.")
        .with_callback(move |gauge| {
            gauge.observe(runtime.metrics().global_queue_depth() as u64, &[]);
        })
        .build();
}

struct Stat {
    user: f64,
    system: f64,
    threads: i64,
}

/// `/proc/self/stat`, after the name, which may hold anything.
fn stat() -> Option<Stat> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    let field = |number: usize| rest.split_ascii_whitespace().nth(number - 3);
    Some(Stat {
        user: field(14)?.parse::<f64>().ok()? / TICKS_PER_SECOND,
        system: field(15)?.parse::<f64>().ok()? / TICKS_PER_SECOND,
        threads: field(20)?.parse().ok()?,
    })
}

fn resident() -> Option<i64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: i64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}
