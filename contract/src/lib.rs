//! Derives policy from the .proto files.
