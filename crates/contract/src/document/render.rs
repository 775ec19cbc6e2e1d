//! A page in Markdown, and in HTML.

use std::fmt::Write as _;

use super::Block;

pub(super) fn markdown(blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        // Writing to a string cannot fail.
        let _ = match block {
            Block::Heading(level, text) => writeln!(out, "{} {text}\n", "#".repeat(*level)),
            Block::Text(text) => writeln!(out, "{text}\n"),
            Block::Code(text) => writeln!(out, "```proto\n{text}\n```\n"),
            Block::Table(head, rows) => {
                let cells = head.join(" | ");
                let _ = writeln!(out, "| {cells} |\n|{}", "---|".repeat(head.len()));
                for row in rows {
                    let cells: Vec<_> = row.iter().map(|it| cell(it)).collect();
                    let _ = writeln!(out, "| {} |", cells.join(" | "));
                }
                writeln!(out)
            }
        };
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// One line, in which nothing ends the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
<meta name=\"viewport\" content=\"width=device-width\">\n<title>API</title>\n<style>\n\
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }\n\
table { border-collapse: collapse; margin: 1rem 0 }\n\
th, td { border: 1px solid #8888; padding: .3rem .6rem; text-align: left; vertical-align: top }\n\
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere }\n\
pre { overflow-x: auto }\n\
:root { color-scheme: light dark }\n\
</style>\n";

pub(super) fn html(blocks: &[Block]) -> String {
    let mut out = HEAD.to_owned();
    for block in blocks {
        let _ = match block {
            Block::Heading(level, text) => {
                let id = escaped(text);
                writeln!(out, "<h{level} id=\"{id}\">{id}</h{level}>")
            }
            Block::Text(text) => {
                let paragraphs = text
                    .split("\n\n")
                    .map(|it| format!("<p>{}</p>\n", spans(it)));
                write!(out, "{}", paragraphs.collect::<String>())
            }
            Block::Code(text) => writeln!(out, "<pre><code>{}</code></pre>", escaped(text)),
            Block::Table(head, rows) => {
                let _ = writeln!(out, "<table>");
                if head.iter().any(|it| !it.is_empty()) {
                    let cells = head.iter().map(|it| format!("<th>{}</th>", escaped(it)));
                    let _ = writeln!(out, "<tr>{}</tr>", cells.collect::<String>());
                }
                for row in rows {
                    let cells = row.iter().map(|it| format!("<td>{}</td>", spans(it)));
                    let _ = writeln!(out, "<tr>{}</tr>", cells.collect::<String>());
                }
                writeln!(out, "</table>")
            }
        };
    }
    out
}

/// Text with what is between backticks as code.
fn spans(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let marked = parts.map(|(index, part)| match index % 2 {
        0 => escaped(part),
        _ => format!("<code>{}</code>", escaped(part)),
    });
    marked.collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_comment_is_markup() {
        let blocks = [
            Block::Text("a <script> & `b<c>`".to_owned()),
            Block::Table(&["x"], vec![vec!["a|b\nc".to_owned()]]),
        ];
        let html = html(&blocks);
        assert!(
            html.contains("a &lt;script&gt; &amp; <code>b&lt;c&gt;</code>"),
            "{html}"
        );
        let markdown = markdown(&blocks);
        assert!(
            markdown.ends_with("| x |\n|---|\n| a\\|b c |\n"),
            "{markdown}"
        );
    }
}
