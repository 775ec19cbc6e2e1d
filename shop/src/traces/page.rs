//! A page that draws a trace: plain HTML, a table with bars.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::Traces;

/// How long a browser may take to ask.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most bytes of a request that are looked at.
const MOST: usize = 8 * 1024;
/// Most traces in the list.
const LISTED: usize = 100;

const STYLE: &str = ":root{color-scheme:light}body{font:16px system-ui,sans-serif;margin:2rem;max-width:70rem}\
     table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .6rem}\
     tr:nth-child(even){background:#f3f3f3}.bar{background:#2a6db0;height:.9rem;min-width:2px}\
     .error .bar{background:#b03030}.time{text-align:right;white-space:nowrap}.span{width:40%}";

pub(super) async fn serve(traces: Traces, address: SocketAddr) -> Result<String> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("{address}: is taken by another program"))?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                continue;
            };
            let traces = traces.clone();
            // Whoever is too slow, or hangs up, gets nothing.
            tokio::spawn(tokio::time::timeout(PATIENCE, reply(stream, traces)));
        }
    });
    Ok(url)
}

async fn reply(mut stream: TcpStream, traces: Traces) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|it| it == b"\r\n\r\n") && request.len() < MOST {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let request = String::from_utf8_lossy(&request);
    let path = request.split(' ').nth(1).unwrap_or_default();
    stream.write_all(answer(&traces, path).as_bytes()).await?;
    stream.shutdown().await
}

/// What is answered for `path`, head and all.
pub(super) fn answer(traces: &Traces, path: &str) -> String {
    let page = match path.strip_prefix("/trace/") {
        Some(id) => trace(traces, id),
        None if path == "/" => Some(list(traces)),
        None => None,
    };
    let (status, page) = match page {
        Some(page) => ("200 OK", page),
        None => (
            "404 Not Found",
            "<h1>Not found</h1><p>No such trace is kept. <a href=\"/\">All traces</a></p>"
                .to_owned(),
        ),
    };
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Traces of the shop</title>\
         <link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style><main>{page}</main></html>"
    );
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
         content-security-policy: default-src 'none'; img-src data:; style-src 'unsafe-inline'\r\n\
         connection: close\r\n\r\n{page}",
        page.len()
    )
}

fn list(traces: &Traces) -> String {
    let mut out = "<h1>Traces</h1><table><thead><tr><th>Call</th><th>Steps</th>\
         <th class=\"time\">Milliseconds</th></tr></thead><tbody>"
        .to_owned();
    for id in traces.ids().into_iter().take(LISTED) {
        let tree = traces.tree(&id);
        let Some((_, first)) = tree.first() else {
            continue;
        };
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "<tr><td><a href=\"/trace/{id}\">{}: {}</a></td><td>{}</td><td class=\"time\">{}</td></tr>",
            escaped(&first.service),
            escaped(&first.name),
            tree.len(),
            milliseconds(first.end.saturating_sub(first.start))
        );
    }
    out + "</tbody></table>"
}

fn trace(traces: &Traces, id: &str) -> Option<String> {
    let tree = traces.tree(id);
    let start = tree.iter().map(|(_, span)| span.start).min()?;
    let end = tree.iter().map(|(_, span)| span.end).max()?;
    let all = end.saturating_sub(start).max(1);
    let mut out = format!(
        "<h1>Trace {}</h1><p><a href=\"/\">All traces</a></p><table><thead><tr><th>Service</th>\
         <th>Step</th><th class=\"time\">Milliseconds</th><th class=\"span\">When</th></tr></thead><tbody>",
        escaped(id)
    );
    for (depth, span) in tree {
        let took = span.end.saturating_sub(span.start);
        let share = |nanos: u64| nanos.saturating_mul(1_000) / all;
        let (left, width) = (share(span.start - start), share(took));
        let class = if span.is_error {
            " class=\"error\""
        } else {
            ""
        };
        let failed = if span.is_error { " (failed)" } else { "" };
        let _ = write!(
            out,
            "<tr{class}><td>{}</td><td style=\"padding-left:{}rem\">{} {}{failed}</td>\
             <td class=\"time\">{}</td><td class=\"span\"><div class=\"bar\" \
             style=\"margin-left:{}.{}%;width:{}.{}%\"></div></td></tr>",
            escaped(&span.service),
            depth + 1,
            escaped(&span.name),
            span.kind,
            milliseconds(took),
            left / 10,
            left % 10,
            width / 10,
            width % 10
        );
    }
    Some(out + "</tbody></table>")
}

fn milliseconds(nanos: u64) -> String {
    let micros = nanos / 1_000;
    format!("{}.{:03}", micros / 1_000, micros % 1_000)
}

/// `text` as it stands in HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
