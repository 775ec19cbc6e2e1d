//! Small .proto trees in, contracts or refusals out.
#![allow(clippy::expect_used, reason = "a test ends where it cannot go on")]

mod beside;
mod breaking;
mod contradictions;
mod defaults;
mod demo;
mod descriptors;
mod document;
mod duration;
mod files;
mod hostile;
mod meant;
mod outputs;
mod refusals;
mod rules;
mod sources;
