//! Features of edition 2023, as far as something follows from them.

/// What a field knows of being there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// Whether it is.
    Explicit,
    /// Nothing.
    Implicit,
    /// It always is.
    Required,
}

/// As they hold for a scope or a field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Features {
    pub(super) presence: Presence,
    /// Whether numbers are packed.
    pub(super) packed: bool,
    /// Whether messages end by a mark, not by a length.
    pub(super) delimited: bool,
    /// Whether enumerations have no other values than those declared.
    pub(super) closed: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            presence: Presence::Explicit,
            packed: true,
            delimited: false,
            closed: false,
        }
    }
}

impl Features {
    /// With `features.…` set to `value`; `None` if it is none that is known.
    pub(super) fn with(self, name: &str, value: &str) -> Option<Self> {
        let mut changed = self;
        match (name.strip_prefix("features.")?, value) {
            ("field_presence", "EXPLICIT") => changed.presence = Presence::Explicit,
            ("field_presence", "IMPLICIT") => changed.presence = Presence::Implicit,
            ("field_presence", "LEGACY_REQUIRED") => changed.presence = Presence::Required,
            ("repeated_field_encoding", "PACKED" | "EXPANDED") => {
                changed.packed = value == "PACKED";
            }
            ("message_encoding", "LENGTH_PREFIXED" | "DELIMITED") => {
                changed.delimited = value == "DELIMITED";
            }
            ("enum_type", "OPEN" | "CLOSED") => changed.closed = value == "CLOSED",
            ("utf8_validation" | "json_format", _) => {}
            _ => return None,
        }
        Some(changed)
    }
}
