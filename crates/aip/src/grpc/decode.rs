//! The fields of requests that all standard methods have. Every fault is noted under
//! its field's path; `None` means that something was noted.

use chassis::attempt;
use prost_types::FieldMask;
use store::{Invalid, Version};
use tonic::metadata::MetadataMap;
use uuid::Uuid;

use super::status::etag;
use super::violations::Violations;
use crate::model::{Filter, Listing, Model, Sort, Watching};
use crate::owner::Requester;
use crate::token;

/// Most paths of a mask: there are few fields, and each needs to be named once.
pub const MAX_PATHS: usize = 100;

/// Which fields an update changes (AIP-134).
#[derive(Debug)]
pub struct Mask(Vec<String>);

impl Mask {
    /// Whether that field changes. Without a mask those do that are set.
    #[must_use]
    pub fn has(&self, field: &str, is_set: bool) -> bool {
        match self.0.as_slice() {
            [] => is_set,
            paths => paths.iter().any(|path| path == field || path == "*"),
        }
    }

    /// `value` if its field changes; without a mask, if it says something.
    #[must_use]
    pub fn value<T: Default + PartialEq>(&self, field: &str, value: T) -> Option<T> {
        self.has(field, value != T::default()).then_some(value)
    }
}

impl Violations {
    /// `request_id` (AIP-155); `None` also where none was sent, which a call that is
    /// repeated, as its metadata say, must do.
    pub fn request_id(&mut self, text: &str, metadata: &MetadataMap) -> Option<Uuid> {
        if text.is_empty() {
            if attempt::number(metadata) > 1 {
                self.add("request_id", "must be set on a call that is repeated");
            }
            return None;
        }
        let id = Uuid::try_parse(text)
            .ok()
            .filter(|id| !id.is_nil())
            .ok_or_else(|| Invalid::new("must be a UUID that is not all zero"));
        self.check("request_id", id)
    }

    /// An etag (AIP-154); `None` also where none was sent.
    pub fn etag(&mut self, field: &str, text: &str) -> Option<Version> {
        if text.is_empty() {
            return None;
        }
        let version = (text.strip_prefix('v'))
            .and_then(|number| number.parse().ok())
            .map(Version)
            .filter(|version| etag(*version) == text)
            .ok_or_else(|| Invalid::new("must be an etag that the server sent"));
        self.check(field, version)
    }

    /// `update_mask`, of fields among `updatable`.
    pub fn mask(&mut self, mask: Option<FieldMask>, updatable: &[&str]) -> Mask {
        let paths = mask.map(|mask| mask.paths).unwrap_or_default();
        if paths.len() > MAX_PATHS {
            self.add("update_mask", format!("must be at most {MAX_PATHS} paths"));
        }
        for path in paths.iter().take(MAX_PATHS) {
            if path != "*" && !updatable.contains(&path.as_str()) {
                let path: String = path.chars().take(40).collect();
                let allowed = updatable.join(", ");
                let why = format!("'{path}' cannot be updated, only: {allowed}");
                self.add("update_mask", why);
            }
        }
        Mask(paths)
    }

    /// `page_size`: 0 means `default`; more than `most` means `most` (AIP-158).
    pub fn page_size(&mut self, size: i32, default: usize, most: usize) -> Option<usize> {
        let size = usize::try_from(size).map_err(|_| Invalid::new("must not be negative"));
        match self.check("page_size", size)? {
            0 => Some(default),
            size => Some(size.min(most)),
        }
    }

    /// `filter`, `order_by` and `page_token` (AIP-132, 158, 160) of a page of `size`.
    pub fn listing<R: Model>(
        &mut self,
        by: &Requester,
        filter: &str,
        order_by: &str,
        page_token: &str,
        size: Option<usize>,
    ) -> Option<Listing> {
        let filter = self.check("filter", Filter::parse::<R>(filter));
        let sort = self.check("order_by", Sort::parse(order_by));
        // A token is bound to filter and sequence: it says nothing without them.
        let (filter, sort) = (filter?, sort?);
        let after = match page_token {
            "" => None,
            text => self.check("page_token", token::parse_page(text, by, &filter, sort)),
        };
        Some(Listing {
            filter,
            sort,
            after,
            size: size?,
        })
    }

    /// `filter` and `resume_token` of a watch.
    pub fn watching<R: Model>(
        &mut self,
        by: &Requester,
        filter: &str,
        resume_token: &str,
    ) -> Option<Watching> {
        let filter = self.check("filter", Filter::parse::<R>(filter))?;
        let after = match resume_token {
            "" => None,
            text => self.check("resume_token", token::parse_watch(text, by, &filter)),
        };
        Some(Watching { filter, after })
    }
}
