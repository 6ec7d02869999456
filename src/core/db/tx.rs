//! Transactions: what is to be told of the changes in one, and its end.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use super::{Db, Dialect, Handle, Statement, failure};
use crate::core::audit::{self, Entry};
use crate::core::event::{self, NewEvent};
use crate::core::{Error, Result};

/// An open transaction, usable wherever a [`Db`] is.
pub struct Tx {
    db: Db,
    announced: Mutex<Vec<NewEvent>>,
    audited: Mutex<Vec<Entry>>,
    access: AtomicBool,
    families: AtomicBool,
}

/// How much there is to be told of a transaction at some point of it.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    announced: usize,
    audited: usize,
    access: bool,
    families: bool,
}

impl Deref for Tx {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

impl Tx {
    /// The transaction that a handle was opened for.
    pub(super) fn new(db: Db) -> Self {
        Self {
            db,
            announced: Mutex::default(),
            audited: Mutex::default(),
            access: AtomicBool::default(),
            families: AtomicBool::default(),
        }
    }

    /// How much there is to be told so far.
    pub fn mark(&self) -> Mark {
        Mark {
            announced: self.announced.lock().unwrap_or_else(PoisonError::into_inner).len(),
            audited: self.audited.lock().unwrap_or_else(PoisonError::into_inner).len(),
            access: self.access.load(Ordering::SeqCst),
            families: self.families.load(Ordering::SeqCst),
        }
    }

    /// Forgets what was to be told of changes since then, which were taken back.
    pub fn back_to(&self, mark: Mark) {
        self.announced.lock().unwrap_or_else(PoisonError::into_inner).truncate(mark.announced);
        self.audited.lock().unwrap_or_else(PoisonError::into_inner).truncate(mark.audited);
        self.access.store(mark.access, Ordering::SeqCst);
        self.families.store(mark.families, Ordering::SeqCst);
    }

    /// Keeps events of this transaction's changes, to be written at its end.
    pub fn announce(&self, events: Vec<NewEvent>) {
        self.announced.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
    }

    /// Keeps an entry of the audit log, to be written at the transaction's end.
    pub fn audit(&self, entry: Entry) {
        self.audited.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    /// Notes that this transaction changes who may do what: every server hears of it as it commits.
    pub fn changes_access(&self) {
        self.access.store(true, Ordering::SeqCst);
    }

    /// Notes that this transaction changes which product is under which, or what is offered.
    pub fn changes_families(&self) {
        self.families.store(true, Ordering::SeqCst);
    }

    /// Holds a row against other writers until the transaction ends. On SQLite the transaction holds the whole database.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn lock_row(&self, table: &str, id: Uuid) -> Result<()> {
        match self.dialect() {
            Dialect::Postgres => {
                let text = format!("select 1 from {table} where id = $1 for update");
                self.exists(Statement::new(text).bind(id)).await.map(drop)
            }
            Dialect::Sqlite => Ok(()),
        }
    }

    /// Writes the audit log and the events announced, then makes all changes durable and visible at once, and wakes the relay.
    ///
    /// Events come last because their place in the log is a lock that all writers of events share.
    ///
    /// # Errors
    /// When the database refuses or is away; then nothing was changed, or, should the connection be lost at this very
    /// moment, it is unknown.
    pub async fn commit(self) -> Result<()> {
        let audited = self.audited.into_inner().unwrap_or_else(PoisonError::into_inner);
        let entries: Vec<Uuid> = audited.iter().map(|entry| entry.id).collect();
        audit::write(&self.db, audited).await?;
        let access = match self.access.into_inner() {
            true => Some(self.db.advance_access().await?),
            false => None,
        };
        if self.families.into_inner() {
            self.db.advance_families().await?;
        }
        let mut events = self.announced.into_inner().unwrap_or_else(PoisonError::into_inner);
        events.extend(event::of_audit(&entries));
        event::write(&self.db, &events).await?;
        let shared = || Error::internal("a transaction was still in use at its commit");
        match self.db.handle {
            Handle::PostgresTx(tx) => Arc::into_inner(tx).ok_or_else(shared)?.into_inner().commit().await,
            Handle::SqliteTx(tx) => Arc::into_inner(tx).ok_or_else(shared)?.into_inner().commit().await,
            Handle::Postgres(_) | Handle::Sqlite { .. } => return Err(shared()),
        }
        .map_err(failure::classify)?;
        if let Some(version) = access {
            self.db.commits.access.fetch_max(version, Ordering::SeqCst);
        }
        self.db.commits.tell();
        Ok(())
    }
}
