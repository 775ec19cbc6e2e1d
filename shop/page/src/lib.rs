//! The shop's page: what a customer sees, in the browser.
//!
//! - [`wire`]: what the gateway says and takes; [`fault`]: what went wrong, in words;
//!   [`events`]: a stream of events
//! - [`api`]: calls to the gateway; [`session`]: who is signed in; [`browser`]: what the
//!   browser has
//! - [`state`]: what is known; [`app`]: all that is shown, of [`shelf`], [`orders`] and
//!   [`detail`]

pub mod api;
pub mod app;
pub mod browser;
pub mod detail;
pub mod events;
pub mod fault;
pub mod orders;
pub mod session;
pub mod shelf;
pub mod state;
pub mod wire;
