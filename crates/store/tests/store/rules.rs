//! The rules, one function each.

pub(crate) mod changes;
pub(crate) mod events;
pub(crate) mod histories;
pub(crate) mod holds;
pub(crate) mod lists;
pub(crate) mod owners;
pub(crate) mod requests;
pub(crate) mod retention;
pub(crate) mod room;

use std::sync::Arc;
use std::time::Duration;

use crate::samples::ParcelStore;

/// A place for one store, empty at first.
#[async_trait::async_trait]
pub(crate) trait Place: Send + Sync {
    /// Opens the store that is there.
    async fn open(&self) -> Arc<ParcelStore> {
        const DAY: Duration = Duration::from_hours(24);
        self.open_forgetful(DAY, 7 * DAY).await
    }

    /// Opens it so that it forgets requests and events after some time.
    async fn open_forgetful(&self, requests: Duration, events: Duration) -> Arc<ParcelStore> {
        self.open_with(requests, events, false).await
    }

    /// As [`Place::open_forgetful`], and whether events are published.
    async fn open_with(
        &self,
        requests: Duration,
        events: Duration,
        published: bool,
    ) -> Arc<ParcelStore>;

    /// Opens it so that it holds at most so many bytes, and forgets requests at once.
    async fn open_small(&self, bytes: u64) -> Arc<ParcelStore>;
}

/// A test for each rule, each with a place of its own, if there is one.
macro_rules! keeps_the_rules {
    ($place:expr) => {
        keeps_the_rules!($place, changes:
            what_is_stored_is_read,
            nothing_is_read_of_what_was_never_stored,
            changes_follow_the_resource,
            of_racing_changes_with_one_etag_one_wins,
            a_reopened_store_has_everything,
            a_closed_store_refuses,
            work_past_its_deadline_is_dropped,
        );
        keeps_the_rules!($place, requests:
            a_repeated_request_gets_the_first_answer,
            a_request_id_with_other_content_is_refused,
            callers_do_not_share_request_ids,
            of_racing_equal_requests_one_creates,
            of_racing_different_requests_one_wins,
        );
        keeps_the_rules!($place, lists:
            lists_are_filtered_and_sorted,
            pages_hold_everything_once,
            pages_hold_everything_once_beside_writers,
        );
        keeps_the_rules!($place, owners:
            owners_are_kept,
            lists_hold_only_what_is_the_owners,
        );
        keeps_the_rules!($place, holds:
            the_newest_hold_counts,
            a_repeated_request_holds_the_same,
            what_is_left_is_taken_by_one,
            a_claim_is_owed_with_its_change,
            of_racing_creates_that_hold_one_is_stored,
            what_is_held_is_counted,
        );
        keeps_the_rules!($place, events:
            every_change_is_an_event,
            events_of_the_future_are_refused,
            feeds_miss_and_repeat_nothing,
            feeds_end_when_the_store_is_closed,
        );
        keeps_the_rules!($place, retention:
            requests_and_events_are_forgotten_each_in_their_time,
            answers_are_kept_as_long_as_requests,
            what_is_not_published_is_kept,
            a_long_backlog_is_swept_step_by_step,
        );
        keeps_the_rules!($place, room:
            a_change_stores_what_it_changes,
            what_was_replaced_is_forgotten_with_its_events,
            a_full_store_refuses_changes_and_reads_on,
            history_makes_room,
        );
        keeps_the_rules!($place, histories:
            any_history_ends_as_in_memory,
        );
    };
    ($place:expr, $group:ident: $($rule:ident,)*) => {
        mod $group {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $rule() {
                    if let Some(place) = $place {
                        crate::rules::$group::$rule(&place).await;
                    }
                }
            )*
        }
    };
}
pub(crate) use keeps_the_rules;
