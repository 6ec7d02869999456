//! Files on their way into a package in parts. Whoever sends one asks how far it has come, and goes on from there, whatever
//! broke off before.

use bytes::Bytes;
use futures_util::Stream;

use super::uploads;
use crate::core::access::Caller;
use crate::core::db::Db;
use crate::core::files::{FileKind, Files, Labels, Partial, Sha256, Stored};
use crate::core::{Kind, Result};

/// How far a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// How many bytes of it are kept.
    pub offset: u64,
    /// Whether these are all, and were found to be what they were said to be.
    pub complete: bool,
}

/// A part of a file.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// At which byte it begins.
    pub offset: u64,
    /// Whether the file ends with it.
    pub last: bool,
}

/// What became of a part.
#[derive(Debug)]
pub enum Appended {
    /// It is kept, and more must follow.
    Kept(Place),
    /// It was the last, and the file is kept.
    Whole(Stored),
    /// It is not the next one.
    Misplaced(Place),
}

/// A file that the caller sends in parts.
pub struct Incoming<'a> {
    db: &'a Db,
    files: &'a Files,
    caller: &'a Caller,
    file: Partial,
}

impl<'a> Incoming<'a> {
    /// A file that a caller sends who [may](uploads::allow).
    ///
    /// # Errors
    /// When the caller is no user.
    pub fn new(db: &'a Db, files: &'a Files, caller: &'a Caller, kind: FileKind, sha256: Sha256) -> Result<Self> {
        let user = uploads::sender(caller)?.uuid();
        Ok(Self { db, files, caller, file: Partial { user, kind, sha256 } })
    }

    /// How far it has come.
    ///
    /// # Errors
    /// When the store or the database is away.
    pub async fn place(&self) -> Result<Place> {
        match uploads::find(self.db, self.caller, self.file.kind, &self.file.sha256).await? {
            Some(kept) => Ok(Place { offset: kept.size.unsigned_abs(), complete: true }),
            None => Ok(Place { offset: self.files.arrived(&self.file).await?, complete: false }),
        }
    }

    /// Takes the next part. With the last one the file is put together, which tells with each piece how many bytes it has, and
    /// then kept as one that was sent whole.
    ///
    /// # Errors
    /// [`Kind::TooLarge`] for the part or the file; [`Kind::Invalid`] for an empty part that is not the last, and for a file that
    /// is not what it was said to be, whose parts go; or when the store or the database is away.
    pub async fn append<S>(
        &self,
        part: Part,
        labels: Labels,
        stream: S,
        passed: impl Fn(usize) + Send + Sync,
    ) -> Result<Appended>
    where
        S: Stream<Item = Result<Bytes>> + Send + Unpin,
    {
        let place = self.place().await?;
        if place.complete || place.offset != part.offset {
            return Ok(Appended::Misplaced(place));
        }
        let end = self.files.append(&self.file, part.offset, part.last, stream).await?;
        if !part.last {
            return Ok(Appended::Kept(Place { offset: end, complete: false }));
        }
        let joined = self.join(labels, passed).await;
        let Err(error) = joined else {
            self.forget().await;
            return joined.map(Appended::Whole);
        };
        // Another client may have completed it meanwhile, and removed parts that this one was about to read.
        let place = self.place().await?;
        let wrong = matches!(error.kind(), Kind::Invalid | Kind::TooLarge);
        if place.complete || wrong {
            self.forget().await;
        }
        if place.complete || (place.offset != end && !wrong) { Ok(Appended::Misplaced(place)) } else { Err(error) }
    }

    async fn join(&self, labels: Labels, passed: impl Fn(usize) + Send + Sync) -> Result<Stored> {
        let file = self.files.join(self.db, &self.file, labels, passed).await?;
        uploads::keep(self.db, self.caller, self.file.kind, &self.file.sha256, &file).await?;
        Ok(file)
    }

    /// Removes the parts. What can't be removed now, the collector finds later.
    async fn forget(&self) {
        drop(self.files.forget_parts(&self.file).await);
    }
}
