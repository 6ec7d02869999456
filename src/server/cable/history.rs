//! What happened before, for those who come back: read from the log, once for all who ask for the same while nothing changes.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use tokio::sync::Semaphore;

use super::parcel::Parcel;
use crate::core::clock::Timestamp;
use crate::core::db::Db;
use crate::core::event::{self, Bounds, Stream};
use crate::core::{Error, Result};

/// How many events are read at a time.
pub const PAGE: usize = 200;
/// How many pages are kept, and for how long: a server that comes back is asked for the same by everybody.
const KEPT: u64 = 64;
const KEPT_FOR: Duration = Duration::from_secs(5);
/// How many read from the log at a time; it is there for others too.
const READERS: usize = 4;

/// What identifies a page: the stream, the offset that it begins after, and what the database was changed by.
type Key = (Stream, i64, u64);

/// What happened before.
pub struct History {
    db: Db,
    pages: Cache<Key, Arc<[Arc<Parcel>]>>,
    bounds: Cache<(Stream, u64), Bounds>,
    readers: Semaphore,
}

impl History {
    /// The history in a database.
    pub fn new(db: Db) -> Self {
        let pages = Cache::builder().max_capacity(KEPT).time_to_live(KEPT_FOR).build();
        let bounds = Cache::builder().max_capacity(KEPT).time_to_live(KEPT_FOR).build();
        Self { db, pages, bounds, readers: Semaphore::new(READERS) }
    }

    /// The next events of a stream after an offset; fewer than [`PAGE`] when there are no more. Who may read them is as of now.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn page(&self, stream: Stream, offset: i64) -> Result<Arc<[Arc<Parcel>]>> {
        let key = |db: &Db| (stream, offset, db.generation());
        if let Some(page) = self.pages.get(&key(&self.db)) {
            return Ok(page);
        }
        let _reader = self.readers.acquire().await.map_err(Error::internal)?;
        // Somebody else may have read it meanwhile.
        let key = key(&self.db);
        if let Some(page) = self.pages.get(&key) {
            return Ok(page);
        }
        let deliveries = event::from(&self.db, stream, offset, PAGE as i64).await?;
        let page: Arc<[_]> = deliveries.into_iter().map(|delivery| Arc::new(Parcel::new(delivery))).collect();
        self.pages.insert(key, page.clone());
        Ok(page)
    }

    /// Whether all that came after an offset of a stream is kept.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn keeps_after(&self, stream: Stream, offset: i64) -> Result<bool> {
        let key = |db: &Db| (stream, db.generation());
        let covers = |bounds: &Bounds| bounds.cover(offset);
        if self.bounds.get(&key(&self.db)).as_ref().is_some_and(covers) {
            return Ok(true);
        }
        let _reader = self.readers.acquire().await.map_err(Error::internal)?;
        let key = key(&self.db);
        if self.bounds.get(&key).as_ref().is_some_and(covers) {
            return Ok(true);
        }
        // Nobody is refused by what is remembered: the client may have heard from another server what is news here.
        let bounds = event::bounds(&self.db, stream).await?;
        self.bounds.insert(key, bounds);
        Ok(covers(&bounds))
    }

    /// The offset before the first event that happened at an instant or later, if all that happened since is kept.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn offset_before(&self, stream: Stream, instant: Timestamp) -> Result<Option<i64>> {
        let _reader = self.readers.acquire().await.map_err(Error::internal)?;
        event::offset_before(&self.db, stream, instant).await
    }
}
