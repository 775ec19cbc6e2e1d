//! What a customer does.

use anyhow::{Context, Result, ensure};
use fantoccini::Locator;
use fantoccini::key::Key;

use super::browser::Browser;

impl Browser {
    /// Signs in from the page that is open.
    pub(super) async fn signs_in(&self, customer: &str) -> Result<()> {
        self.wait("#sign-in").await?.click().await?;
        let choice = format!("button[value={customer}]");
        self.wait(&choice).await?.click().await?;
        self.sees("#customer", customer).await
    }

    /// Orders by the keyboard alone: article, pieces, Enter.
    pub(super) async fn orders(&self, article: &str, pieces: u32) -> Result<()> {
        let select = self.wait("#article").await?;
        select.send_keys(article).await?;
        let quantity = self.wait("#quantity").await?;
        quantity.clear().await?;
        let typed = format!("{pieces}{}", char::from(Key::Enter));
        Ok(quantity.send_keys(&typed).await?)
    }

    /// Cancels the newest order by the keyboard; what was done has the focus then.
    pub(super) async fn cancels(&self) -> Result<()> {
        let cancel = self.wait("#orders button").await?;
        let label = cancel.attr("aria-label").await?.context("a label")?;
        ensure!(label.starts_with("Cancel "), "a button {label}");
        cancel
            .send_keys(&char::from(Key::Enter).to_string())
            .await?;
        self.sees("#notice", "Cancelled: ").await?;
        let focus = self.client.active_element().await?;
        let id = focus.attr("id").await?;
        ensure!(id.as_deref() == Some("notice"), "the focus is at {id:?}");
        Ok(())
    }

    /// The path of the newest order.
    pub(super) async fn newest(&self) -> Result<String> {
        let link = self.client.find(Locator::Css("#orders tbody a")).await?;
        link.attr("href").await?.context("an address")
    }
}
