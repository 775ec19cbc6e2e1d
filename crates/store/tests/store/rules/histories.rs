//! Any sequence of calls ends as it would in memory.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::{Error, Position, RequestKey, Resource, Version};
use uuid::Uuid;

use super::Place;
use crate::parcel::{Change, Command, Draft, Filter, Parcel, Query, Sort, State};
use crate::samples::{self, ParcelStore};

#[derive(Debug, Clone)]
enum Call {
    Create {
        sender: u8,
        note: u8,
        request: Option<u8>,
    },
    Update {
        which: u8,
        note: u8,
        etag: Etag,
    },
    Send {
        which: u8,
        etag: Etag,
    },
    Reopen,
}

#[derive(Debug, Clone, Copy)]
enum Etag {
    None,
    Current,
    Stale,
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let etag = || prop_oneof![Just(Etag::None), Just(Etag::Current), Just(Etag::Stale)];
    let call = prop_oneof![
        6 => (0..2_u8, 0..2_u8, proptest::option::of(0..3_u8)).prop_map(
            |(sender, note, request)| Call::Create { sender, note, request }
        ),
        3 => (0..4_u8, 0..3_u8, etag()).prop_map(
            |(which, note, etag)| Call::Update { which, note, etag }
        ),
        2 => (0..4_u8, etag()).prop_map(|(which, etag)| Call::Send { which, etag }),
        1 => Just(Call::Reopen),
    ];
    proptest::collection::vec(call, 1..25)
}

/// What the store should hold of one sequence of calls.
#[derive(Default)]
struct Model {
    parcels: Vec<Parcel>,
    answers: HashMap<u8, (Draft, Parcel)>,
    events: Vec<(Change, Parcel)>,
}

pub(crate) async fn any_history_ends_as_in_memory(place: &dyn Place) {
    let config = Config {
        cases: 24,
        failure_persistence: None,
        ..Config::default()
    };
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        let mut runner = TestRunner::new(config);
        let result = runner.run(&calls(), |calls| {
            runtime.block_on(follow(place, &calls));
            Ok(())
        });
        result.unwrap();
    });
}

/// All cases share one store; each has senders and requests of its own.
async fn follow(place: &dyn Place, calls: &[Call]) {
    let mut store = place.open().await;
    let start = *store.last_event().borrow();
    let case = Uuid::new_v4();
    let mut model = Model::default();
    for call in calls {
        if matches!(call, Call::Reopen) {
            store.close().await;
            drop(store);
            store = place.open().await;
        } else {
            model.step(&store, case, call).await;
        }
    }
    model.compare(&store, case, start).await;
    store.close().await;
}

fn sender(case: Uuid, number: u8) -> String {
    format!("{case}-{number}")
}

impl Model {
    async fn step(&mut self, store: &Arc<ParcelStore>, case: Uuid, call: &Call) {
        match *call {
            Call::Create {
                sender: number,
                note,
                request,
            } => {
                let content = samples::draft(&sender(case, number), &note.to_string());
                let key = request.map(|request| RequestKey {
                    caller: case.to_string(),
                    request_id: Uuid::from_u128(request.into()),
                    content: content.clone(),
                });
                let parcel = samples::place(content.clone());
                let answer = store.create(parcel.clone(), key).await;
                let earlier = request.and_then(|request| self.answers.get(&request));
                match earlier {
                    Some((asked, first)) if *asked == content => {
                        assert_eq!(&answer.unwrap(), first);
                    }
                    Some(_) => assert!(matches!(answer, Err(Error::RequestIdReused(_)))),
                    None => {
                        assert_eq!(answer.unwrap(), parcel);
                        self.parcels.push(parcel.clone());
                        self.events.push((Change::Created, parcel.clone()));
                        if let Some(request) = request {
                            self.answers.insert(request, (content, parcel));
                        }
                    }
                }
            }
            Call::Update { which, note, etag } => {
                let note = Some(note.to_string());
                let command = Command::Update { items: None, note };
                self.change(store, which, command, etag).await;
            }
            Call::Send { which, etag } => {
                self.change(store, which, Command::Send, etag).await;
            }
            Call::Reopen => {}
        }
    }

    async fn change(&mut self, store: &Arc<ParcelStore>, which: u8, command: Command, etag: Etag) {
        let Some(current) = self.parcels.get_mut(usize::from(which)) else {
            return;
        };
        let expected = match etag {
            Etag::None => None,
            Etag::Current => Some(current.version),
            Etag::Stale => Some(Version(current.version.0 + 1)),
        };
        let now = SystemTime::now();
        let answer = store
            .change(current.id, command.clone(), expected, now)
            .await;
        match current.apply(&command, expected, now) {
            Ok(Some((next, change))) => {
                assert_eq!(samples::now(answer), next);
                self.events.push((change, next.clone()));
                *current = next;
            }
            Ok(None) => assert_eq!(samples::now(answer), *current),
            Err(refusal) => assert!(samples::is_refused(&answer, refusal), "{answer:?}"),
        }
    }

    async fn compare(&self, store: &Arc<ParcelStore>, case: Uuid, start: Position) {
        for parcel in &self.parcels {
            assert_eq!(store.get(parcel.id).await.unwrap().as_ref(), Some(parcel));
        }
        for number in 0..2 {
            for state in [None, Some(State::Open), Some(State::Sent)] {
                let filter = Filter {
                    sender: Some(sender(case, number)),
                    state,
                };
                let expected = self.parcels.iter().filter(|parcel| filter.matches(parcel));
                let query = Query {
                    owner: None,
                    filter: filter.clone(),
                    sort: Sort::Oldest,
                    after: None,
                    limit: 100,
                };
                assert!(store.list(&query).await.unwrap().iter().eq(expected));
            }
        }
        let events = store.events(start, 100).await.unwrap();
        let events: Vec<_> = events.into_iter().map(|e| (e.change, e.resource)).collect();
        assert_eq!(events, self.events);
    }
}
