//! Messages that protobuf itself declares: no rule stands in them.

use crate::{Found, Path, Validate};

macro_rules! without_rules {
    ($($message:ty),* $(,)?) => {
        $(impl Validate for $message {
            const PACKAGE: &'static str = "google.protobuf";

            fn check(&self, _: &Path<'_>, _: &mut Found) {}
        })*
    };
}

without_rules! {
    (), bool, i32, i64, u32, u64, f32, f64, String, Vec<u8>,
    prost_types::Any, prost_types::Api, prost_types::Duration, prost_types::FieldMask,
    prost_types::FileDescriptorProto, prost_types::FileDescriptorSet, prost_types::ListValue,
    prost_types::Struct, prost_types::Timestamp, prost_types::Type, prost_types::Value,
}
