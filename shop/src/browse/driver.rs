//! `ChromeDriver`, and the browsers that it starts.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fantoccini::wd::{TimeoutConfiguration, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};

/// Width and height of a window.
const SIZE: &str = "1000,860";

/// How long a script of the walk's may take.
const SCRIPT: Duration = Duration::from_mins(1);

/// It runs until this is dropped.
pub(super) struct Driver {
    child: Child,
    url: String,
}

impl Driver {
    /// Browsers keep in `folder` what they keep.
    pub(super) fn start(program: &Path, folder: &Path) -> Result<Self> {
        let mut child = Command::new(program)
            .arg("--port=0")
            .env("TMPDIR", folder)
            // Browsers are of its group, and outlive it: they end together.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("chromedriver does not start")?;
        let said = child.stdout.take().context("no output")?;
        let mut driver = Self {
            child,
            url: String::new(),
        };
        let mut lines = BufReader::new(said).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("successfully on port ")?;
            rest.trim_end_matches('.').parse::<u16>().ok()
        });
        // Whatever else it says is not to block it.
        std::thread::spawn(move || lines.for_each(drop));
        driver.url = format!(
            "http://127.0.0.1:{}",
            port.context("chromedriver has no port")?
        );
        Ok(driver)
    }

    /// A browser with a profile of its own.
    pub(super) async fn browser(&self) -> Result<Client> {
        let mut arguments = vec![
            "--headless=new".to_owned(),
            format!("--window-size={SIZE}"),
            "--force-color-profile=srgb".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--lang=en".to_owned(),
        ];
        // Chromium's own sandbox asks for another user.
        if rustix::process::getuid().is_root() {
            arguments.push("--no-sandbox".to_owned());
        }
        let capabilities = json!({
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        });
        let Value::Object(capabilities) = capabilities else {
            return Err(anyhow::anyhow!("capabilities are an object"));
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&self.url)
            .await
            .context("the browser does not start")?;
        let patience = TimeoutConfiguration::new(Some(SCRIPT), None, None);
        client.update_timeouts(patience).await?;
        Ok(client)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// A command of `ChromeDriver`'s own.
#[derive(Debug)]
struct Own {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/{}",
            session.unwrap_or_default(),
            self.path
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

/// What the browser wrote to its console since one last asked.
pub(super) async fn console(client: &Client) -> Result<Vec<Value>> {
    let asked = Own {
        path: "se/log",
        body: json!({"type": "browser"}),
    };
    let entries = client.issue_cmd(asked).await?;
    let entries = entries.as_array().context("a list")?;
    Ok(entries.clone())
}

/// Lets the page look as if its reader preferred dark colours.
pub(super) async fn darken(client: &Client) -> Result<()> {
    let features = json!([{"name": "prefers-color-scheme", "value": "dark"}]);
    let asked = Own {
        path: "goog/cdp/execute",
        body: json!({"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}}),
    };
    client.issue_cmd(asked).await?;
    let is_dark = "return matchMedia('(prefers-color-scheme: dark)').matches";
    ensure!(
        client.execute(is_dark, vec![]).await? == true,
        "it is not dark"
    );
    Ok(())
}
