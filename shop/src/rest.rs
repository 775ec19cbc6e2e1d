//! Requests to the gateway, as a browser makes them.

use anyhow::{Context as _, Result};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Answer {
    /// `ErrorInfo.reason`, if it is an error that has one.
    pub(crate) fn reason(&self) -> Option<&str> {
        let details = self.body["error"]["details"].as_array()?;
        details.iter().find_map(|it| it["reason"].as_str())
    }

    pub(crate) fn has(&self, header: &str) -> bool {
        self.headers.iter().any(|(name, _)| name == header)
    }
}

/// Sends one request on a connection of its own.
pub(crate) async fn send(
    port: u16,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Answer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request.extend([name, ": ", value, "\r\n"]);
    }
    request.extend(["\r\n", body]);
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("a head")?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let headers = lines.filter_map(|line| line.split_once(':'));
    Ok(Answer {
        status: status.context("a status")?.parse()?,
        headers: headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        body: serde_json::from_str(body).with_context(|| answer.clone())?,
    })
}

/// An order of so many pencils, as it is sent.
pub(crate) fn pencils(customer: &str, quantity: i32) -> String {
    serde_json::json!({
        "customer": customer,
        "items": [{
            "sku": "pencil",
            "quantity": quantity,
            "unitPrice": {"currencyCode": "EUR", "units": 1, "nanos": 250_000_000},
        }],
    })
    .to_string()
}
