//! A store in memory: fast enough to be fuzzed behind.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use aip::{Query, Sort};
use service::order::change::{OrderChange, OrderEvent};
use service::order::model::{OrderCommand, OrderVersion};
use service::order::{Order, OrderDraft};
use store::{
    Changed, Checkpoint, Claim as StockClaim, Error, Hold as StockHold, Position as EventPosition,
    Resource as _, Ticket as HoldTicket,
};
use tokio::sync::watch;
use uuid::Uuid;

type RequestKey = store::RequestKey<OrderDraft>;

/// Beyond this it starts anew, to stay small.
const MOST: usize = 1_000;

pub struct Store {
    inner: Mutex<Inner>,
    last: watch::Sender<EventPosition>,
}

#[derive(Default)]
struct Inner {
    all: Vec<Order>,
    answered: Vec<(RequestKey, Order)>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            inner: Mutex::default(),
            last: watch::Sender::new(EventPosition(0)),
        }
    }
}

impl Store {
    fn happened(&self) {
        self.last.send_modify(|position| position.0 += 1);
    }
}

#[async_trait::async_trait]
impl store::Store<Order> for Store {
    async fn replay(&self, key: &RequestKey) -> Result<Option<Order>, Error> {
        let inner = self.inner.lock().unwrap();
        let same = |known: &&(RequestKey, Order)| known.0.request_id == key.request_id;
        match inner.answered.iter().find(same) {
            Some((known, _)) if known.content != key.content => {
                Err(Error::RequestIdReused(key.request_id))
            }
            found => Ok(found.map(|(_, order)| order.clone())),
        }
    }

    async fn create_held(
        &self,
        order: Order,
        key: Option<RequestKey>,
        _: Option<HoldTicket>,
    ) -> Result<Order, Error> {
        if let Some(key) = &key
            && let Some(earlier) = self.replay(key).await?
        {
            return Ok(earlier);
        }
        let mut inner = self.inner.lock().unwrap();
        if inner.all.len() == MOST {
            *inner = Inner::default();
        }
        inner.all.push(order.clone());
        inner.answered.extend(key.map(|key| (key, order.clone())));
        drop(inner);
        self.happened();
        Ok(order)
    }

    async fn get(&self, id: Uuid) -> Result<Option<Order>, Error> {
        let inner = self.inner.lock().unwrap();
        Ok(inner.all.iter().find(|known| known.id.0 == id).cloned())
    }

    async fn list(&self, query: &Query) -> Result<Vec<Order>, Error> {
        let inner = self.inner.lock().unwrap();
        let behind = |known: &&Order| match (query.after, query.sort) {
            (None, _) => true,
            (Some(after), Sort::Oldest) => known.id.0 > after,
            (Some(after), Sort::Newest) => known.id.0 < after,
        };
        let meant = |known: &&Order| {
            query.owners.include(&known.owner) && query.filter.matches::<Order>(known)
        };
        Ok(inner
            .all
            .iter()
            .filter(behind)
            .filter(meant)
            .take(query.limit)
            .cloned()
            .collect())
    }

    async fn change_held(
        &self,
        id: Uuid,
        command: OrderCommand,
        expected: Option<OrderVersion>,
        now: SystemTime,
        _: StockClaim,
    ) -> Result<Changed<Order>, Error> {
        let mut inner = self.inner.lock().unwrap();
        let Some(known) = inner.all.iter_mut().find(|known| known.id.0 == id) else {
            return Ok(Changed::Missing);
        };
        match known.apply(&command, expected, now) {
            Err(refusal) => return Ok(Changed::Refused(refusal)),
            Ok(Some((next, _))) => *known = next,
            Ok(None) => {}
        }
        Ok(Changed::Now(known.clone()))
    }

    // Nothing is reserved here.
    async fn hold(&self, id: Uuid, _: Option<&RequestKey>) -> Result<StockHold, Error> {
        Ok(StockHold {
            id,
            ticket: HoldTicket(1),
            first: true,
        })
    }

    async fn owed(&self, _: Duration, _: usize) -> Result<Vec<StockHold>, Error> {
        Ok(Vec::new())
    }

    async fn held_for(&self, _: StockHold) -> Result<Option<String>, Error> {
        Ok(None)
    }

    async fn settled(&self, _: StockHold) -> Result<(), Error> {
        Ok(())
    }

    async fn events(&self, _after: EventPosition, _limit: usize) -> Result<Vec<OrderEvent>, Error> {
        let inner = self.inner.lock().unwrap();
        let event = |order: &Order| OrderEvent {
            position: EventPosition(1),
            change: OrderChange::Created,
            resource: order.clone(),
            trace: None,
        };
        Ok(inner.all.iter().take(1).map(event).collect())
    }

    fn last_event(&self) -> watch::Receiver<EventPosition> {
        self.last.subscribe()
    }

    async fn acquire_leadership(&self) -> Result<bool, Error> {
        Ok(true)
    }

    async fn release_leadership(&self) {}

    async fn checkpoint(&self) -> Result<Checkpoint, Error> {
        Ok(Checkpoint {
            position: *self.last.borrow(),
            missed: 0,
        })
    }

    async fn save_checkpoint(&self, _position: EventPosition) -> Result<(), Error> {
        Ok(())
    }

    async fn health(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn close(&self) {}
}
