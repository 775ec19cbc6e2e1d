//! A window, and what is seen in it.

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fantoccini::elements::Element;
use fantoccini::{Client, Locator};
use serde_json::Value;

use super::driver;

/// How long what is to come may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of a picture at most: they are kept in the repository.
const PICTURE: usize = 150_000;

/// A browser; whoever sits before it sees one window at a time.
pub(super) struct Browser {
    pub(super) client: Client,
    /// What the console said: a page that one goes back to says it again.
    heard: RefCell<HashSet<String>>,
}

impl Browser {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            heard: RefCell::default(),
        }
    }

    pub(super) async fn open(&self, url: &str) -> Result<()> {
        Ok(self.client.goto(url).await?)
    }

    /// The element, as soon as there is one.
    pub(super) async fn wait(&self, css: &str) -> Result<Element> {
        let found = self.client.wait().at_most(PATIENCE);
        let found = found.for_element(Locator::Css(css)).await;
        found.with_context(|| format!("there is no {css}"))
    }

    /// What the element says.
    pub(super) async fn text(&self, css: &str) -> Result<String> {
        let text = format!("return document.querySelector({css:?})?.textContent ?? ''");
        let text = self.client.execute(&text, vec![]).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until the element says this.
    pub(super) async fn sees(&self, css: &str, expected: &str) -> Result<()> {
        // In the page, so that nothing is asked a hundred times: what changes there is told.
        let watch = format!(
            "const [expected, patience, done] = arguments;
             const text = () => document.querySelector({css:?})?.textContent ?? '';
             if (text().includes(expected)) return done(null);
             const watching = new MutationObserver(() => {{
                 if (text().includes(expected)) {{ watching.disconnect(); done(null); }}
             }});
             watching.observe(document, {{subtree: true, childList: true, characterData: true}});
             setTimeout(() => done(text()), patience);"
        );
        let patience = u64::try_from(PATIENCE.as_millis())?;
        let until = Instant::now() + PATIENCE;
        loop {
            let arguments = vec![expected.into(), patience.into()];
            match self.client.execute_async(&watch, arguments).await {
                Ok(Value::Null) => return Ok(()),
                Ok(instead) => bail!("{css} says {instead}, not \"{expected}\""),
                // The page was left meanwhile: the next one may say it.
                Err(_) if Instant::now() < until => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A picture of the window.
    pub(super) async fn picture(&self, folder: Option<&Path>, name: &str) -> Result<()> {
        let Some(folder) = folder else { return Ok(()) };
        let picture = self.client.screenshot().await?;
        ensure!(
            picture.len() < PICTURE,
            "{name}.png has {} bytes",
            picture.len()
        );
        Ok(std::fs::write(folder.join(format!("{name}.png")), picture)?)
    }

    /// Nothing here keeps anybody out.
    pub(super) async fn is_accessible(&self, checker: &str, what: &str) -> Result<()> {
        let check = format!(
            "const done = arguments[arguments.length - 1];
             {checker};
             axe.run(document).then(
                 (found) => done(found.violations.map((it) => it.id + ': ' + it.help + ' ' +
                     it.nodes.map((node) => node.html + ' ' + node.failureSummary).join('; '))),
                 (error) => done([String(error)]));"
        );
        let violations = self.client.execute_async(&check, vec![]).await?;
        let none = violations.as_array().is_some_and(Vec::is_empty);
        ensure!(none, "{what} keeps people out: {violations:#}");
        Ok(())
    }

    /// The console has no error, but for answers of the shop that are refusals.
    pub(super) async fn is_quiet(&self, refusals: usize) -> Result<()> {
        let mut entries = driver::console(&self.client).await?;
        let mut heard = self.heard.borrow_mut();
        entries.retain(|entry| heard.insert(entry["message"].to_string()));
        let is_refusal = |entry: &Value| {
            let said = entry["message"].as_str().unwrap_or_default();
            entry["source"] == "network" && said.contains("/v1/")
        };
        let (refused, others): (Vec<_>, Vec<_>) = entries.iter().partition(|it| is_refusal(it));
        ensure!(others.is_empty(), "the console says {others:#?}");
        ensure!(
            refused.len() == refusals,
            "{} refusals, not {refusals}: {refused:#?}",
            refused.len()
        );
        Ok(())
    }

    /// Milliseconds until something was painted.
    pub(super) async fn first_paint(&self) -> Result<f64> {
        let asked = "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime";
        let paint = self.client.execute(asked, vec![]).await?;
        paint.as_f64().context("nothing was painted")
    }
}
