//{% capture source %}§{% raw %}
//! The README does what it says: every `console` block is run as printed, on
//! the default ports, and prints what it shows; every command that serves
//! serves.

#![allow(clippy::unwrap_used, reason = "a test panics to fail")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

#[path = "support/skip.rs"]
mod skip;

const END: &str = "--end of output--";

fn readme() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(root.join("README.md")).unwrap()
}

/// The README without its section about TLS, and that section.
fn parts() -> (String, String) {
    const HEADING: &str = "\n## TLS without a mesh\n";
    let text = readme();
    let (before, rest) = text.split_once(HEADING).unwrap();
    let (section, after) = rest.split_once("\n## ").unwrap();
    (format!("{before}\n## {after}"), section.to_owned())
}

/// The content of each block in that language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let ends = |rest: &'a str| rest.split_once("\n```").map(|(block, _)| block);
    text.split(fence.as_str())
        .skip(1)
        .filter_map(ends)
        .collect()
}

/// A process group that ends with the test.
struct Group(Child);

impl Group {
    fn start(command: &mut Command) -> Self {
        use std::os::unix::process::CommandExt;
        let piped = command.process_group(0).stdout(Stdio::piped());
        Self(piped.spawn().unwrap())
    }

    /// Reads until a line holds one of `words`; returns what was said.
    fn says(&mut self, words: &[&str]) -> String {
        let mut seen = String::new();
        let mut output = BufReader::new(self.0.stdout.take().unwrap());
        while !words.iter().any(|word| seen.contains(word)) {
            let read = output.read_line(&mut seen).unwrap();
            assert!(read > 0, "ended without saying any of {words:?}:\n{seen}");
        }
        // Keeps the pipe empty.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        seen
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        let _ = self.0.wait();
    }
}

/// One shell for all commands, so that variables last.
struct Shell {
    _group: Group,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Shell {
    fn start(folder: &Path) -> Self {
        let mut bash = Command::new("bash");
        let mut group = Group::start(bash.current_dir(folder).stdin(Stdio::piped()));
        let stdin = group.0.stdin.take().unwrap();
        let stdout = BufReader::new(group.0.stdout.take().unwrap());
        Self {
            _group: group,
            stdin,
            stdout,
        }
    }

    /// Runs the commands of a block, as `adapted`, and compares what they print.
    fn shows(&mut self, block: &str, adapted: impl Fn(String) -> String) {
        for step in format!("\n{block}").split("\n$ ").skip(1) {
            let (command, shown) = split(step);
            let command = adapted(command);
            let printed = self.run(&command);
            let (expected, seen) = (steady(&shown), steady(&printed));
            assert_eq!(seen, expected, "$ {command}\nprinted:\n{printed}");
        }
    }

    fn run(&mut self, command: &str) -> String {
        writeln!(self.stdin, "{{ {command}\n}} 2>&1; echo; echo '{END}'").unwrap();
        let mut output = String::new();
        while !output.ends_with(&format!("{END}\n")) {
            let read = self.stdout.read_line(&mut output).unwrap();
            assert!(read > 0, "the shell ended:\n{output}");
        }
        output
            .trim_end_matches(&format!("{END}\n"))
            .trim_end()
            .to_owned()
    }
}

/// Replaces what differs from run to run: UUIDs, times, tokens.
fn steady(text: &str) -> String {
    let hide = |word: &str| {
        let is_uuid = word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
        let is_time = word.len() > 20 && word.starts_with("20") && word.contains('T');
        if is_uuid {
            "<uuid>".to_owned()
        } else if is_time {
            "<time>".to_owned()
        } else {
            word.to_owned()
        }
    };
    let line = |line: &str| match line.split_once("oken\": \"") {
        Some((before, _)) => format!("{before}oken\": <token>"),
        None => (line.split_inclusive(['"', '/', ' ', ',']))
            .map(|piece| {
                let word = piece.trim_end_matches(['"', '/', ' ', ',']);
                hide(word) + &piece[word.len()..]
            })
            .collect(),
    };
    text.lines()
        .map(|text| line(text).trim_end().to_owned() + "\n")
        .collect()
}

/// A tool that must be there under CI and is asked for elsewhere.
fn has(tool: &str) -> bool {
    let found = Command::new(tool).arg("-version").output().is_ok();
    if !found {
        skip::skip("the README's calls", &format!("{tool} is not installed")).unwrap();
    }
    found
}

#[test]
fn calls_print_what_the_readme_shows() {
    let (plain, _) = parts();
    let blocks = blocks(&plain, "console");
    assert!(!blocks.is_empty(), "the README has lost its calls");
    if !has("grpcurl") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    let mut server = Group::start(command.current_dir(dir.path()).env_clear());
    server.says(&["serving"]);
    let mut shell = Shell::start(dir.path());
    for block in &blocks {
        shell.shows(block, |command| command);
    }
}

#[cfg(feature = "tls")]
#[test]
fn calls_under_tls_print_what_the_readme_shows() {
    let (_, under_tls) = parts();
    let [certificates, calls] = blocks(&under_tls, "console")[..] else {
        panic!("the README makes certificates, then calls");
    };
    if !has("grpcurl") || !has("openssl") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut shell = Shell::start(dir.path());
    shell.shows(certificates, |command| command);
    let command = blocks(&under_tls, "sh").into_iter().flat_map(str::lines);
    let args = command.filter_map(|line| line.strip_prefix("cargo run --features tls -- "));
    let mut server = Command::new(env!("CARGO_BIN_EXE_server"));
    server
        .args(args.flat_map(str::split_whitespace))
        .current_dir(dir.path())
        .env_clear()
        .env("LISTEN_ADDR", "127.0.0.1:0")
        .env("ADMIN_LISTEN_ADDR", "127.0.0.1:0");
    let mut server = Group::start(&mut server);
    let said = server.says(&["serving"]);
    let port = (said.split("127.0.0.1:").nth(1))
        .and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next())
        .unwrap();
    // The walk in plain text has the port that the README names.
    let moved = |command: String| command.replace(":50051", &format!(":{port}"));
    shell.shows(calls, moved);
}

/// A command, which goes on while a line ends with a backslash, and its output.
fn split(step: &str) -> (String, String) {
    let mut lines = step.lines();
    let mut command = Vec::new();
    for line in lines.by_ref() {
        command.push(line);
        if !line.ends_with('\\') {
            break;
        }
    }
    (command.join("\n"), lines.collect::<Vec<_>>().join("\n"))
}

/// What follows `cargo run` in each command that serves, on a port that the
/// walk does not use.
fn runs(text: &str) -> Vec<String> {
    let lines = blocks(text, "sh").into_iter().flat_map(str::lines);
    let runs: Vec<String> = lines
        .filter_map(|line| line.strip_prefix("cargo run"))
        .map(|args| args.replace("-- 127.0.0.1:50052", "-- 127.0.0.1:0"))
        .collect();
    assert!(!runs.is_empty(), "the README has lost its first command");
    runs
}

/// Runs `command` in a folder of its own until it says that it serves.
fn serves(command: &mut Command) {
    let dir = tempfile::tempdir().unwrap();
    command
        .current_dir(dir.path())
        .env("LISTEN_ADDR", "127.0.0.1:0")
        .env("ADMIN_LISTEN_ADDR", "127.0.0.1:0");
    Group::start(command).says(&["serving", "keeping stock"]);
}

/// Features, and whether this build has them.
const FEATURES: [(&str, bool); 6] = [
    ("gzip", cfg!(feature = "gzip")),
    ("jwt", cfg!(feature = "jwt")),
    ("nats", cfg!(feature = "nats")),
    ("postgres", cfg!(feature = "postgres")),
    ("rates", cfg!(feature = "rates")),
    ("tls", cfg!(feature = "tls")),
];

/// With what this build has made; what it has not is left to the next test.
#[test]
fn commands_that_serve_serve() {
    let server = Path::new(env!("CARGO_BIN_EXE_server"));
    for run in runs(&parts().0) {
        let (build, args) = run.split_once(" -- ").unwrap_or((&run, ""));
        let (mut program, mut here) = (server.to_owned(), true);
        let mut words = build.split_whitespace();
        while let (Some(flag), Some(value)) = (words.next(), words.next()) {
            match flag {
                "--example" => program = server.with_file_name("examples").join(value),
                "--features" => {
                    here = value.split(',').all(|feature| {
                        let known = FEATURES.iter().find(|(name, _)| *name == feature);
                        known.unwrap_or_else(|| panic!("no feature {feature}")).1
                    });
                }
                _ => panic!("cargo run{run} is not understood"),
            }
        }
        if here && !program.exists() {
            // As where only these tests were asked for.
            skip::skip(
                &format!("cargo run{run}"),
                "cargo test has built no examples",
            )
            .unwrap();
        } else if here {
            serves(Command::new(program).args(args.split_whitespace()));
        }
    }
}

#[test]
#[ignore = "builds for minutes; CI runs it: cargo test --test readme -- --ignored"]
fn commands_that_serve_serve_as_printed() {
    for run in runs(&parts().0) {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["run", "--quiet", "--manifest-path", manifest]);
        serves(cargo.args(run.split_whitespace()));
    }
}

#[test]
fn what_differs_from_run_to_run_is_not_compared() {
    let text =
        "a \"x/0192aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee\",\n  \"t\": \"2026-01-02T03:04:05.678Z\"";
    assert_eq!(steady(text), "a \"x/<uuid>\",\n  \"t\": \"<time>\"\n");
    assert_eq!(
        steady("\"nextPageToken\": \"AbC\""),
        "\"nextPageToken\": <token>\n"
    );
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
