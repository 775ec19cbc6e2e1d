//! The README does what it says: the shop opens by its command, answers what is typed,
//! shows the traces, and drains.
#![allow(clippy::unwrap_used, reason = "a test panics to fail")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const README: &str = include_str!("../README.md");
const WALK: &str = include_str!("../src/walk.rs");

/// The content of each block in that language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let ends = |rest: &'static str| rest.split_once("\n```").map(|(block, _)| block);
    let parts = README.split(fence.as_str()).skip(1);
    parts.filter_map(ends).collect()
}

/// Killed with the test.
struct Shop(Child);

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn its_commands_are_there() {
    let mut tried = 0;
    for command in README
        .split(['`', '\n'])
        .filter(|it| it.starts_with("cargo shop"))
    {
        let words: Vec<_> = command.split(' ').skip(2).collect();
        let known = Command::new(env!("CARGO_BIN_EXE_shop"))
            .args(words)
            .arg("--help")
            .output()
            .unwrap();
        assert!(known.status.success(), "{command}");
        tried += 1;
    }
    assert!(tried > 6, "{tried} commands");
}

#[test]
fn its_trace_is_the_one_that_the_walk_insists_on() {
    let shown = blocks("text").pop().unwrap();
    let mut insisted = WALK
        .split("const STEPS")
        .nth(1)
        .unwrap()
        .split("];")
        .next()
        .unwrap();
    for line in shown.lines() {
        let depth = (line.len() - line.trim_start().len()) / 2;
        let words: Vec<_> = line.split_whitespace().collect();
        let service = words.last().unwrap();
        let kinds = ["server", "client"];
        let name: Vec<_> = (words[..words.len() - 1].iter())
            .filter(|word| !kinds.contains(word))
            .copied()
            .collect();
        for part in [
            format!("{depth}"),
            format!("\"{service}\""),
            format!("\"{}\"", name.join(" ")),
        ] {
            let at = insisted.find(&part);
            insisted = &insisted[at.unwrap_or_else(|| panic!("{line}: not {part}"))..];
        }
    }
    assert_eq!(insisted.matches("\"store create\"").count(), 1);
}

#[test]
fn its_pictures_are_there() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/");
    let mut shown: Vec<_> = (README.split("](pictures/").skip(1))
        .filter_map(|rest| rest.split_once(')'))
        .map(|(name, _)| format!("{folder}pictures/{name}"))
        .collect();
    shown.sort();
    let there = std::fs::read_dir(format!("{folder}pictures")).unwrap();
    let mut there: Vec<_> = there
        .map(|file| file.unwrap().path().display().to_string())
        .collect();
    there.sort();
    assert_eq!(shown, there);
    assert!(!there.is_empty());
}

/// Takes the usual ports, and minutes if nothing is built.
#[test]
#[ignore = "takes the ports of the README: run alone"]
fn the_shop_opens_answers_and_drains() {
    let grpcurl = xtask::tools::ensure("grpcurl").unwrap();
    let data = TempDir::new().unwrap();
    let mut shop = Command::new(env!("CARGO_BIN_EXE_shop"))
        .args(["run", "--data"])
        .arg(data.path())
        .stdout(Stdio::piped())
        .spawn()
        .map(Shop)
        .unwrap();
    let mut said = BufReader::new(shop.0.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("The shop is open.") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "it did not open");
    }
    let mut typed = blocks("sh");
    typed.retain(|command| !command.starts_with("cargo "));
    let answers: Vec<_> = (typed.iter())
        .map(|command| {
            let command = match command.strip_prefix("grpcurl") {
                Some(arguments) => format!("'{}'{arguments}", grpcurl.display()),
                None => (*command).to_owned(),
            };
            let output = Command::new("sh").args(["-c", &command]).output().unwrap();
            assert!(output.status.success(), "{command}: {output:?}");
            String::from_utf8(output.stdout).unwrap()
        })
        .collect();
    let [order, stock, account] = answers.as_slice() else {
        panic!("{} commands", answers.len())
    };
    assert!(order.contains("\"STATE_OPEN\""), "{order}");
    assert!(stock.contains("\"97\""), "{stock}");
    assert!(account.contains("\"units\": \"196\""), "{account}");

    // Spans come in batches.
    let shown = (0..300).any(|_| {
        let mut page = TcpStream::connect("127.0.0.1:16686").unwrap();
        page.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut text = String::new();
        page.read_to_string(&mut text).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(100));
        text.contains("shop-gateway: ")
    });
    assert!(shown, "the trace is not shown");

    kill_process(Pid::from_child(&shop.0), Signal::INT).unwrap();
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert!(shop.0.wait().unwrap().success());
    assert_eq!(rest.matches(" has drained").count(), 4, "{rest}");
}
