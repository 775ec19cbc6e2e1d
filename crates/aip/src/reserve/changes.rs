//! Changes that also change what is reserved.

use std::sync::Arc;
use std::time::SystemTime;

use store::{Claim, Error as Failed, Hold, RequestKey, Store, Version};
use tokio::sync::Notify;
use uuid::Uuid;

use super::settler::settle;
use super::{Effect, Keeper, Reserved, Reserving};
use crate::error::Error;
use crate::model::{Id, changed};
use crate::owner::Requester;

/// How often to begin again when another call was quicker.
const ATTEMPTS: usize = 5;

/// Reserves, and tells who settles that there is something to settle.
pub struct Reserver<R: Reserved> {
    keeper: Arc<dyn Keeper<R>>,
    owed: Arc<Notify>,
}

impl<R: Reserved> Reserver<R> {
    /// Reserves at `keeper`; whoever waits for `owed` settles.
    #[must_use]
    pub fn new(keeper: Arc<dyn Keeper<R>>, owed: Arc<Notify>) -> Self {
        Self { keeper, owed }
    }

    async fn reserve(
        &self,
        store: &Arc<dyn Store<R>>,
        hold: Hold,
        key: Option<&RequestKey<R::Content>>,
        needs: &R::Needs,
    ) -> Result<(), Error<R::Fault>> {
        let reserved = self.keeper.reserve(hold, needs).await;
        // If what is left of it cannot be given back, it is settled later.
        if let Err(Error::Refused(fault)) = &reserved
            && R::is_lacking(fault)
        {
            if R::leaves_some(fault) {
                drop(self.undo(store, hold, key).await);
            } else if hold.first {
                // Nothing was reserved, and nothing is left of earlier attempts.
                drop(store.settled(hold).await);
            }
        }
        reserved
    }

    /// Lets the reservation hold what the store says that is needed, as if no call had
    /// wanted more.
    async fn undo(
        &self,
        store: &Arc<dyn Store<R>>,
        hold: Hold,
        key: Option<&RequestKey<R::Content>>,
    ) -> Result<(), Error<R::Fault>> {
        let newer = store.hold(hold.id, key).await?;
        settle(store, self.keeper.as_ref(), newer).await
    }
}

#[async_trait::async_trait]
impl<R: Reserved> Reserving<R> for Reserver<R> {
    async fn create(
        &self,
        store: &Arc<dyn Store<R>>,
        by: &Requester,
        content: R::Content,
        key: Option<RequestKey<R::Content>>,
    ) -> Result<R, Error<R::Fault>> {
        let asked = asked_under(by, &content, key.as_ref());
        for _ in 0..ATTEMPTS {
            // A repeated call must not depend on the upstream any more.
            if let Some(key) = &key
                && let Some(earlier) = store.replay(key).await?
            {
                return Ok(earlier);
            }
            // The id of an attempt that has not ended, if there was one with this key.
            let hold = store.hold(Id::<R>::generate().0, asked.as_ref()).await?;
            let needs = R::needs(&content);
            match self.reserve(store, hold, asked.as_ref(), &needs).await {
                Err(Error::Overtaken) => continue,
                reserved => reserved?,
            }
            let now = SystemTime::now();
            let placed = R::place(hold.id.into(), by.owner.clone(), content.clone(), now);
            match (store.create_held(placed, key.clone(), Some(hold.ticket))).await {
                Err(Failed::Overtaken) => {}
                stored => return Ok(stored?),
            }
        }
        Err(Error::StoreBusy)
    }

    async fn change(
        &self,
        store: &Arc<dyn Store<R>>,
        seen: R,
        command: R::Command,
        expected: Option<Version>,
    ) -> Result<R, Error<R::Fault>> {
        let (id, now) = (Id::<R>::from(seen.id()), SystemTime::now());
        let needs = match R::effect(&command) {
            Effect::Replaced(needs) => needs,
            Effect::Released => {
                let change = store.change_held(id.0, command, expected, now, Claim::Owed);
                let released = changed(id, change.await?)?;
                self.owed.notify_one();
                return Ok(released);
            }
            Effect::Unchanged => {
                return changed(id, store.change(id.0, command, expected, now).await?);
            }
        };
        // What is refused, or changes nothing, needs no hold.
        if seen.apply(&command, expected, now)?.is_none() {
            return Ok(seen);
        }
        for _ in 0..ATTEMPTS {
            let hold = store.hold(id.0, None).await?;
            // From here on no other hold can have changed it and leave this one the newest.
            let current = store.get(id.0).await?;
            let current = current.ok_or_else(|| Error::NotFound(id.to_string()))?;
            if current.apply(&command, expected, now)?.is_none() {
                return Ok(current);
            }
            let enough = R::either(R::needs(current.content()), needs.clone());
            match self.reserve(store, hold, None, &enough).await {
                Err(Error::Overtaken) => continue,
                reserved => reserved?,
            }
            let claim = Claim::Held(hold.ticket);
            match (store.change_held(id.0, command.clone(), expected, now, claim)).await {
                Err(Failed::Overtaken) => {}
                stored => {
                    self.owed.notify_one();
                    return changed(id, stored?);
                }
            }
        }
        Err(Error::StoreBusy)
    }
}

/// What a hold is kept under until what it is for is stored: `key`. Where there are
/// tenants a call without one gets one of its own: if it ends here, the hold alone says
/// for whom the rest is to be given back.
fn asked_under<C: Clone>(
    by: &Requester,
    content: &C,
    key: Option<&RequestKey<C>>,
) -> Option<RequestKey<C>> {
    match key {
        None if by.tenant.is_some() => Some(RequestKey {
            caller: by.owner.as_str().to_owned(),
            request_id: Uuid::new_v4(),
            content: content.clone(),
        }),
        key => key.cloned(),
    }
}
