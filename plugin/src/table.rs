//! What the contract says, as the plugin is told it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What is checked, and of which rpcs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Table {
    /// How deadlines are checked.
    #[serde(default)]
    pub deadlines: Deadlines,
    /// By `package.Service`, the rpcs by name.
    pub services: BTreeMap<String, BTreeMap<String, Rpc>>,
}

/// How deadlines are checked, of rpcs whose contract has a time limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deadlines {
    /// Not at all.
    Ignore,
    /// There must be one.
    Required,
    /// There must be one, at most as long as the contract's time limit.
    #[default]
    Contract,
}

/// What the contract says of one rpc.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rpc {
    /// Longest time of a call, in milliseconds; none, where the contract has none.
    pub timeout_ms: Option<u64>,
    /// The number of the request's `string request_id`, if the call may be repeated
    /// because of it.
    pub request_id_field: Option<u32>,
}

impl Table {
    /// Reads the plugin's configuration.
    ///
    /// # Errors
    /// What of it is not understood, and where.
    pub fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }
}
