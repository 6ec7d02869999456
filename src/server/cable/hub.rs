//! The hub: who in this process follows which stream. It takes each event from the relay once, and gives it to all who
//! follow its stream; nobody waits for anybody.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::history::History;
use super::member::{Ending, Member};
use super::parcel::Parcel;
use crate::core::access::{Actor, Caller};
use crate::core::clock;
use crate::core::db::{Db, Statement};
use crate::core::event::{self, Delivery, Receive, Stream};
use crate::core::id::Id;
use crate::core::{Result, session};

/// Who follows what.
pub struct Hub {
    db: Db,
    epoch: String,
    history: History,
    /// How many members a user or a platform may have at a time.
    most: usize,
    members: Mutex<Members>,
}

#[derive(Default)]
struct Members {
    all: HashMap<Uuid, Arc<Member>>,
    by_stream: HashMap<Stream, HashMap<Uuid, Arc<Member>>>,
    by_actor: HashMap<Actor, usize>,
}

/// Too many of one user or platform follow events at a time.
#[derive(Debug)]
pub struct TooMany;

impl Hub {
    /// A hub without members.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn new(db: Db, most: usize) -> Result<Self> {
        let epoch = event::epoch(&db).await?;
        Ok(Self { history: History::new(db.clone()), db, epoch, most, members: Mutex::default() })
    }

    /// What offsets count in.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// What happened before.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Lets somebody follow streams, none yet.
    ///
    /// # Errors
    /// [`TooMany`] when that user or platform has as many members as one may have.
    pub fn join(self: &Arc<Self>, caller: Caller) -> Result<Membership, TooMany> {
        let actor = caller.principal.actor;
        let mut members = self.members();
        if actor != Actor::Anonymous {
            let number = members.by_actor.entry(actor).or_default();
            if *number >= self.most {
                return Err(TooMany);
            }
            *number += 1;
        }
        let member = Arc::new(Member::new(caller));
        members.all.insert(member.sid, member.clone());
        Ok(Membership { hub: self.clone(), member })
    }

    /// The member of this id.
    pub fn member(&self, sid: Uuid) -> Option<Arc<Member>> {
        self.members().all.get(&sid).cloned()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.members().all.len()
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        // Whatever panicked while it held the lock left nothing half done.
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives members the rights that they have now, and ends those who have none any more.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn renew(&self, members: &[Arc<Member>]) -> Result<()> {
        let principals: Vec<_> = members.iter().map(|member| member.caller().principal.clone()).collect();
        let now = clock::now();
        let renewed = session::renew(&self.db, &principals, now).await?;
        for (member, renewed) in members.iter().zip(renewed) {
            let ended = || member.caller().principal.credential.expires_at.is_some_and(|end| end <= now);
            match renewed {
                Some(principal) => member.renew(principal),
                None if ended() => member.end(Ending::Expired),
                None => member.end(Ending::Revoked),
            }
        }
        Ok(())
    }

    /// The platforms of which somebody follows the stream, and that are no more.
    async fn gone_platforms(&self) -> Result<HashSet<Uuid>> {
        let followed: Vec<Uuid> = self
            .members()
            .by_stream
            .keys()
            .filter_map(|stream| match stream {
                Stream::Platform(id) => Some(id.uuid()),
                _ => None,
            })
            .collect();
        if followed.is_empty() {
            return Ok(HashSet::new());
        }
        let mut select = Statement::new("select id from platforms where ");
        self.db.dialect().push_any("id", &followed, &mut select);
        let there: Vec<(Uuid,)> = self.db.all(select).await?;
        let there: HashSet<Uuid> = there.into_iter().map(|(id,)| id).collect();
        Ok(followed.into_iter().filter(|id| !there.contains(id)).collect())
    }
}

impl Receive for Hub {
    async fn recheck(&self) -> Result<()> {
        let members: Vec<Arc<Member>> = self.members().all.values().cloned().collect();
        self.renew(&members).await?;
        let gone = self.gone_platforms().await?;
        for platform in gone {
            let stream = Stream::Platform(Id::from(platform));
            self.members()
                .by_stream
                .get(&stream)
                .into_iter()
                .flat_map(HashMap::values)
                .for_each(|member| member.narrow());
        }
        Ok(())
    }

    fn receive(&self, deliveries: Vec<Delivery>) {
        let members = self.members();
        for delivery in deliveries {
            let Some(followers) = members.by_stream.get(&delivery.stream) else { continue };
            let parcel = Arc::new(Parcel::new(delivery));
            followers.values().for_each(|member| member.put(parcel.clone()));
        }
    }
}

/// A member of the hub, for as long as this is held.
pub struct Membership {
    hub: Arc<Hub>,
    member: Arc<Member>,
}

impl std::ops::Deref for Membership {
    type Target = Member;

    fn deref(&self) -> &Member {
        &self.member
    }
}

impl Membership {
    /// Makes up for what the hub may have rechecked before this was a member of it.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn recheck(&self) -> Result<()> {
        self.hub.renew(std::slice::from_ref(&self.member)).await
    }

    /// Follows a stream from now on.
    pub fn follow(&self, stream: Stream) {
        let mut members = self.hub.members();
        members.by_stream.entry(stream).or_default().insert(self.member.sid, self.member.clone());
    }

    /// Follows a stream no longer.
    pub fn leave(&self, stream: Stream) {
        let mut members = self.hub.members();
        members.leave(stream, self.member.sid);
    }
}

impl Members {
    fn leave(&mut self, stream: Stream, sid: Uuid) {
        if let Some(followers) = self.by_stream.get_mut(&stream) {
            followers.remove(&sid);
            if followers.is_empty() {
                self.by_stream.remove(&stream);
            }
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut members = self.hub.members();
        let (sid, actor) = (self.member.sid, self.member.caller().principal.actor);
        members.all.remove(&sid);
        for stream in self.member.take_streams() {
            members.leave(stream, sid);
        }
        if let Some(number) = members.by_actor.get_mut(&actor) {
            *number -= 1;
            if *number == 0 {
                members.by_actor.remove(&actor);
            }
        }
    }
}
