//{% capture source %}§{% raw %}
//! Any sequence of calls ends as it would in memory.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use service::order::event::{Change, Position};
use service::order::model::{Command, Version};
use service::order::query::{Filter, Query, Sort};
use service::order::store::{OrderStore, RequestKey};
use service::order::text::{Code, Note};
use service::order::{Draft, Error, Order, State};
use uuid::Uuid;

use super::Place;
use crate::samples;

#[derive(Debug, Clone)]
enum Call {
    Create {
        customer: u8,
        note: u8,
        request: Option<u8>,
    },
    Update {
        which: u8,
        note: u8,
        etag: Etag,
    },
    Cancel {
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
            |(customer, note, request)| Call::Create { customer, note, request }
        ),
        3 => (0..4_u8, 0..3_u8, etag()).prop_map(
            |(which, note, etag)| Call::Update { which, note, etag }
        ),
        2 => (0..4_u8, etag()).prop_map(|(which, etag)| Call::Cancel { which, etag }),
        1 => Just(Call::Reopen),
    ];
    proptest::collection::vec(call, 1..25)
}

/// What the store should hold of one sequence of calls.
#[derive(Default)]
struct Model {
    orders: Vec<Order>,
    answers: HashMap<u8, (Draft, Order)>,
    events: Vec<(Change, Order)>,
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

/// All cases share one store; each has customers and requests of its own.
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

fn customer(case: Uuid, number: u8) -> String {
    format!("{case}-{number}")
}

impl Model {
    async fn step(&mut self, store: &Arc<dyn OrderStore>, case: Uuid, call: &Call) {
        match *call {
            Call::Create {
                customer: number,
                note,
                request,
            } => {
                let content = samples::draft(&customer(case, number), &note.to_string());
                let key = request.map(|request| RequestKey {
                    caller: case.to_string(),
                    request_id: Uuid::from_u128(request.into()),
                    content: content.clone(),
                });
                let order = samples::place(content.clone());
                let answer = store.create(order.clone(), key).await;
                let earlier = request.and_then(|request| self.answers.get(&request));
                match earlier {
                    Some((asked, first)) if *asked == content => {
                        assert_eq!(&answer.unwrap(), first);
                    }
                    Some(_) => assert!(matches!(answer, Err(Error::RequestIdReused(_)))),
                    None => {
                        assert_eq!(answer.unwrap(), order);
                        self.orders.push(order.clone());
                        self.events.push((Change::Created, order.clone()));
                        if let Some(request) = request {
                            self.answers.insert(request, (content, order));
                        }
                    }
                }
            }
            Call::Update { which, note, etag } => {
                let note = Some(Note::parse(&note.to_string()).unwrap());
                let command = Command::Update { items: None, note };
                self.change(store, which, command, etag).await;
            }
            Call::Cancel { which, etag } => {
                self.change(store, which, Command::Cancel, etag).await;
            }
            Call::Reopen => {}
        }
    }

    async fn change(
        &mut self,
        store: &Arc<dyn OrderStore>,
        which: u8,
        command: Command,
        etag: Etag,
    ) {
        let Some(current) = self.orders.get_mut(usize::from(which)) else {
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
                assert_eq!(answer.unwrap(), next);
                self.events.push((change, next.clone()));
                *current = next;
            }
            Ok(None) => assert_eq!(&answer.unwrap(), current),
            Err(error) => assert_eq!(answer.unwrap_err().to_string(), error.to_string()),
        }
    }

    async fn compare(&self, store: &Arc<dyn OrderStore>, case: Uuid, start: Position) {
        for order in &self.orders {
            assert_eq!(store.get(order.id).await.unwrap().as_ref(), Some(order));
        }
        for number in 0..2 {
            for state in [None, Some(State::Open), Some(State::Cancelled)] {
                let filter = Filter {
                    customer: Some(Code::parse(&customer(case, number)).unwrap()),
                    state,
                };
                let expected = self.orders.iter().filter(|order| filter.matches(order));
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
        let events: Vec<_> = events.into_iter().map(|e| (e.change, e.order)).collect();
        assert_eq!(events, self.events);
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
