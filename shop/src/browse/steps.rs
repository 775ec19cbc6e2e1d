//! The walk: Alice orders in one window and looks on in another, Bob is curious.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fantoccini::wd::WindowHandle;

use super::browser::Browser;
use super::driver::{self, Driver};
use crate::run::Shop;
use crate::walk::STEPS;

/// How long services may take to tell of what they did.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a walk needs.
pub(super) struct Walk<'a> {
    pub(super) shop: &'a Shop,
    pub(super) driver: &'a Driver,
    /// axe-core.
    pub(super) checker: String,
    pub(super) screenshots: Option<&'a Path>,
}

impl Walk<'_> {
    pub(super) async fn all(&self) -> Result<()> {
        let alice = self.visit().await?;
        let other = self.second_window(&alice).await?;
        let mine = alice.client.window().await?;
        self.order(&alice, &mine, &other).await?;
        self.refusals(&alice).await?;
        let order = alice.newest().await?;
        self.somebody_else(&order).await?;
        self.trace(&alice).await?;
        self.cancel(&alice, &mine, &other).await?;
        self.dark(&alice).await?;
        self.expired(&alice).await?;
        alice.client.close().await?;
        Ok(())
    }

    fn page(&self) -> Result<&str> {
        self.shop.page.as_deref().context("a page")
    }

    async fn shows(&self, browser: &Browser, what: &str) -> Result<()> {
        browser.is_accessible(&self.checker, what).await
    }

    /// Alice comes, is not signed in, and signs in.
    async fn visit(&self) -> Result<Browser> {
        let alice = Browser::new(self.driver.browser().await?);
        alice.open(self.page()?).await?;
        alice.sees("main", "You are not signed in.").await?;
        let paint = alice.first_paint().await?;
        self.shows(&alice, "the page of a stranger").await?;
        alice.wait("#sign-in").await?.click().await?;
        alice.sees("h1", "Sign in to the shop").await?;
        self.shows(&alice, "the sign-in").await?;
        alice.wait("button[value=alice]").await?.click().await?;
        alice.sees("#customer", "alice").await?;
        alice.sees("#left-pencil", "100").await?;
        alice.is_quiet(0).await?;
        println!("painted after {paint:.0} ms; alice has signed in, and sees 100 pencils");
        Ok(alice)
    }

    /// Another window of hers, left open.
    async fn second_window(&self, alice: &Browser) -> Result<WindowHandle> {
        let mine = alice.client.window().await?;
        let other = alice.client.new_window(true).await?.handle;
        alice.client.switch_to_window(other.clone()).await?;
        alice.open(self.page()?).await?;
        alice.signs_in("alice").await?;
        alice.sees("#left-pencil", "100").await?;
        alice.client.switch_to_window(mine).await?;
        Ok(other)
    }

    /// An order; stock falls, and both windows show it.
    async fn order(
        &self,
        alice: &Browser,
        mine: &WindowHandle,
        other: &WindowHandle,
    ) -> Result<()> {
        alice.orders("pencil", 4).await?;
        alice
            .sees("#notice", "Ordered: 4 × pencil, for 5.00 EUR.")
            .await?;
        alice.sees("#orders tbody tr", "open").await?;
        alice.sees("#left-pencil", "96").await?;
        self.shows(alice, "an order").await?;
        alice.picture(self.screenshots, "ordered").await?;
        alice.client.switch_to_window(other.clone()).await?;
        alice.sees("#orders tbody tr", "4 × pencil").await?;
        alice.sees("#left-pencil", "96").await?;
        alice.client.switch_to_window(mine.clone()).await?;
        println!("4 pencils are ordered by the keyboard: both windows show the order, and 96");
        Ok(())
    }

    /// What the shop says no to changes nothing.
    async fn refusals(&self, alice: &Browser) -> Result<()> {
        for (article, pieces, why, name) in [
            ("ink", 26, "There are not that many left.", "out-of-stock"),
            (
                "notebook",
                60,
                "The payment was refused:",
                "payment-refused",
            ),
        ] {
            alice.orders(article, pieces).await?;
            alice.sees("#notice.failed", why).await?;
            self.shows(alice, why).await?;
            alice.picture(self.screenshots, name).await?;
            println!("{pieces} × {article}: {}", alice.text("#notice").await?);
        }
        alice.sees("#left-ink", "25").await?;
        alice.sees("#left-notebook", "60").await?;
        let count = "return document.querySelectorAll('#orders tbody tr').length";
        let count = alice.client.execute(count, vec![]).await?;
        ensure!(count == 1, "{count} orders");
        alice.is_quiet(2).await
    }

    /// Bob does not see what is Alice's, but what is left.
    async fn somebody_else(&self, order: &str) -> Result<()> {
        let bob = Browser::new(self.driver.browser().await?);
        bob.open(&format!("{}{order}", self.page()?)).await?;
        bob.signs_in("bob").await?;
        bob.sees("#notice.failed", "You have no such order.")
            .await?;
        self.shows(&bob, "somebody else's order").await?;
        bob.picture(self.screenshots, "somebody-elses").await?;
        println!("bob asks for alice's: {}", bob.text("#notice").await?);
        bob.is_quiet(1).await?;
        bob.open(self.page()?).await?;
        bob.sees("#left-pencil", "96").await?;
        bob.sees("main", "None yet.").await?;
        bob.is_quiet(0).await?;
        bob.client.close().await?;
        Ok(())
    }

    /// The order's trace, by its link: every service and its store.
    async fn trace(&self, alice: &Browser) -> Result<()> {
        let link = alice.wait("#orders a.trace").await?;
        let url = link.attr("href").await?.context("an address")?;
        let id = url.rsplit('/').next().unwrap_or_default().to_owned();
        let until = Instant::now() + PATIENCE;
        let told = loop {
            let tree = self.shop.traces.tree(&id);
            let told: Vec<_> = (tree.into_iter())
                .map(|(depth, span)| (depth, span.service, span.name))
                .collect();
            if told.len() >= STEPS.len() || Instant::now() > until {
                break told;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let told: Vec<_> = (told.iter())
            .map(|(depth, service, name)| (*depth, service.as_str(), name.as_str()))
            .collect();
        ensure!(told == STEPS, "the trace is another: {told:#?}");
        link.click().await?;
        alice.sees("h1", &format!("Trace {id}")).await?;
        for (_, service, name) in STEPS {
            alice.sees("tbody", service).await?;
            alice.sees("tbody", name).await?;
        }
        self.shows(alice, "the trace").await?;
        alice.picture(self.screenshots, "trace").await?;
        alice.client.back().await?;
        alice.sees("#customer", "alice").await?;
        alice.is_quiet(0).await?;
        println!("its link shows what was done for it: {} steps", STEPS.len());
        Ok(())
    }

    /// Cancelled, and all is as before, in both windows.
    async fn cancel(
        &self,
        alice: &Browser,
        mine: &WindowHandle,
        other: &WindowHandle,
    ) -> Result<()> {
        alice.wait("#orders button").await?;
        alice.cancels().await?;
        alice.sees("#orders tbody tr", "cancelled").await?;
        alice.sees("#left-pencil", "100").await?;
        self.shows(alice, "a cancellation").await?;
        alice.client.switch_to_window(other.clone()).await?;
        alice.sees("#orders tbody tr", "cancelled").await?;
        alice.sees("#left-pencil", "100").await?;
        alice.client.switch_to_window(mine.clone()).await?;
        alice.is_quiet(0).await?;
        println!("cancelled: both windows show it, and 100 pencils");
        Ok(())
    }

    /// An order of its own, in dark colours.
    async fn dark(&self, alice: &Browser) -> Result<()> {
        let order = alice.newest().await?;
        driver::darken(&alice.client).await?;
        self.shows(alice, "the page in the dark").await?;
        alice.picture(self.screenshots, "dark").await?;
        alice.open(&format!("{}{order}", self.page()?)).await?;
        alice.sees("#state", "cancelled").await?;
        self.shows(alice, "an order in the dark").await?;
        alice.is_quiet(0).await
    }

    /// Who is no longer signed in is told so.
    async fn expired(&self, alice: &Browser) -> Result<()> {
        let forge = "const kept = JSON.parse(sessionStorage.getItem('session'));
             kept.token += 'x';
             sessionStorage.setItem('session', JSON.stringify(kept));";
        alice.client.execute(forge, vec![]).await?;
        alice.open(self.page()?).await?;
        alice.sees("main", "You are not signed in.").await?;
        self.shows(alice, "a session that ended").await?;
        alice.signs_in("alice").await?;
        alice.sees("#orders tbody tr", "cancelled").await?;
        println!("without a token that counts: told so, and signed in again");
        Ok(())
    }
}
