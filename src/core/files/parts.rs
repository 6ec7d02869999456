//! Files that come in parts, so that what has arrived stays when a connection breaks. Each part is an object of its own,
//! whole and durable before it is answered, and how far a file has come is told by the parts that are there.

use std::collections::HashMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload};
use uuid::Uuid;

use super::collect::absent;
use super::upload::{Kind, Labels, Stored, within};
use super::{Files, Sha256, away};
use crate::core::db::Db;
use crate::core::{Error, Kind as ErrorKind, Result};

/// The most bytes of a part.
pub const LARGEST_PART: u64 = 8 * 1024 * 1024;

/// Where parts are until their file is whole.
const PARTS: &str = "parts";

/// A file that comes in parts, and from whom: nobody goes on with what somebody else has sent.
#[derive(Debug, Clone)]
pub struct Partial {
    /// Who sends it.
    pub user: Uuid,
    /// What it must be.
    pub kind: Kind,
    /// What it will consist of.
    pub sha256: Sha256,
}

impl Partial {
    /// The folder of its parts. It stays, so there is but one for a user.
    fn folder(&self) -> Path {
        Path::from(format!("{PARTS}/{}", self.user))
    }

    /// How the names of its parts begin.
    fn prefix(&self) -> String {
        format!("{}-{}-", self.sha256, self.kind.word())
    }

    /// Where a part is. Names are in the order of offsets.
    fn part(&self, offset: u64) -> Path {
        self.folder().join(format!("{}{offset:020}", self.prefix()))
    }

    /// At which byte a part of this file begins.
    fn offset(&self, part: &ObjectMeta) -> Option<u64> {
        part.location.filename()?.strip_prefix(&self.prefix())?.parse().ok()
    }
}

impl Files {
    /// How many bytes of a file have arrived in parts.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn arrived(&self, file: &Partial) -> Result<u64> {
        Ok(self.parts(file).await?.iter().map(|part| part.size).sum())
    }

    /// Keeps the part of a file that begins at this offset, where those before end. Answers where it ends.
    ///
    /// # Errors
    /// [`TooLarge`](ErrorKind::TooLarge) for the part or the file, [`Invalid`](ErrorKind::Invalid) for an empty part that is not
    /// the last, the stream's own, or when the store is away. Then the part is not kept.
    pub async fn append<S>(&self, file: &Partial, offset: u64, last: bool, mut stream: S) -> Result<u64>
    where
        S: Stream<Item = Result<Bytes>> + Send + Unpin,
    {
        let limit = match file.kind {
            Kind::Image => self.limits.image,
            Kind::Asset => self.limits.asset,
        };
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.try_next().await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > LARGEST_PART {
                return Err(Error::new(ErrorKind::TooLarge, "The part is larger than 8 MiB. Send it as several."));
            }
            within(offset + bytes.len() as u64, limit)?;
        }
        let end = offset + bytes.len() as u64;
        match (bytes.is_empty(), last) {
            (true, false) => Err(Error::new(ErrorKind::Invalid, "The part is empty, which only the last may be.")),
            (true, true) => Ok(end),
            (false, _) => {
                self.store.put(&file.part(offset), PutPayload::from(bytes)).await.map_err(away)?;
                Ok(end)
            }
        }
    }

    /// Takes in a file from its parts, which stay, telling with each piece how many bytes it has.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub async fn join(
        &self,
        db: &Db,
        file: &Partial,
        labels: Labels,
        passed: impl Fn(usize) + Send + Sync,
    ) -> Result<Stored> {
        let parts = stream::iter(self.parts(file).await?.into_iter().map(Ok));
        let pieces = parts.and_then(|part| async move { self.read_at(&part.location, 0..part.size).await });
        let pieces = pieces.try_flatten().inspect_ok(|piece: &Bytes| passed(piece.len()));
        self.receive(db, file.kind, labels, pieces.boxed()).await
    }

    /// Removes the parts of a file.
    ///
    /// # Errors
    /// When the store is away. What is left then, the collector finds later.
    pub async fn forget_parts(&self, file: &Partial) -> Result<()> {
        let parts = self.all_parts(file).await?;
        self.remove_all(parts).await.map(drop)
    }

    /// Removes the parts of files that nobody has gone on with since then. Answers how many.
    pub(super) async fn remove_old_parts(&self, before: DateTime<Utc>) -> Result<usize> {
        let parts: Vec<ObjectMeta> = self.store.list(Some(&Path::from(PARTS))).try_collect().await.map_err(away)?;
        let mut latest: HashMap<String, DateTime<Utc>> = HashMap::new();
        for part in &parts {
            let latest = latest.entry(file_of(part)).or_insert(part.last_modified);
            *latest = part.last_modified.max(*latest);
        }
        let old = |part: &ObjectMeta| latest.get(&file_of(part)).is_some_and(|latest| *latest < before);
        self.remove_all(parts.into_iter().filter(old).collect()).await
    }

    async fn remove_all(&self, parts: Vec<ObjectMeta>) -> Result<usize> {
        let number = parts.len();
        let locations = stream::iter(parts.into_iter().map(|part| Ok(part.location)));
        let mut removed = self.store.delete_stream(locations.boxed());
        while let Some(removed) = removed.next().await {
            absent(removed.map(drop))?;
        }
        Ok(number)
    }

    /// The parts of a file that follow one another from its start. There may be others, by a client that sends the same file at
    /// the same time in parts of another size.
    async fn parts(&self, file: &Partial) -> Result<Vec<ObjectMeta>> {
        let (mut parts, mut end) = (self.all_parts(file).await?, 0);
        parts.sort_by(|one, other| one.location.cmp(&other.location));
        parts.retain(|part| {
            let follows = file.offset(part) == Some(end);
            end += if follows { part.size } else { 0 };
            follows
        });
        Ok(parts)
    }

    async fn all_parts(&self, file: &Partial) -> Result<Vec<ObjectMeta>> {
        let parts = self.store.list(Some(&file.folder())).try_filter(|part| {
            let its = file.offset(part).is_some();
            async move { its }
        });
        parts.try_collect().await.map_err(away)
    }
}

/// What the parts of one file have in common.
fn file_of(part: &ObjectMeta) -> String {
    let location = part.location.as_ref();
    location.rsplit_once('-').map_or(location, |(file, _)| file).to_owned()
}
