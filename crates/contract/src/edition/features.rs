//! Features of edition 2023, as far as something follows from them.

/// As they hold for a scope or a field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Features {
    /// Whether fields know that they are there.
    pub(super) explicit: bool,
    /// Whether a field has to be there; it counts for one field.
    pub(super) required: bool,
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
            explicit: true,
            required: false,
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
            ("field_presence", "EXPLICIT" | "IMPLICIT" | "LEGACY_REQUIRED") => {
                changed.explicit = value != "IMPLICIT";
                changed.required = value == "LEGACY_REQUIRED";
            }
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
