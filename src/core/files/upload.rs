//! Taking in files: streamed aside while they are counted and hashed, then moved to where their content says.

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use ring::digest::{Context, SHA256, digest};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::{Files, Sha256, away, content, image};
use crate::core::clock;
use crate::core::db::Db;
use crate::core::field::{Line, MimeType};
use crate::core::{Error, Kind as ErrorKind, Result};

/// What a file must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A picture that can be shown: PNG, JPEG, GIF or WebP.
    Image,
    /// Anything.
    Asset,
}

impl Kind {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Asset => "asset",
        }
    }
}

/// What the client says of a file.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    /// Its media type.
    pub media_type: Option<MimeType>,
    /// Its name.
    pub name: Option<Line>,
}

/// A file that is in the store, whole and durable, and waits for a row to refer to it.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its content.
    pub sha256: Sha256,
    /// Its bytes.
    pub size: i64,
    /// Of a picture what it is, of an asset what the client says that it is.
    pub media_type: Option<MimeType>,
    /// Its name, where the client gave one.
    pub name: Option<Line>,
}

/// How much is kept in memory of an asset on its way, at most four times: parts are sent while the next is filled.
const PART: usize = 5 * 1024 * 1024;
/// How many parts are sent at once.
const PARTS: usize = 2;

impl Files {
    /// Takes in a file. Until a row refers to it, for an hour, it is kept all the same.
    ///
    /// # Errors
    /// [`TooLarge`](ErrorKind::TooLarge), [`Invalid`](ErrorKind::Invalid) for a picture that is none, the stream's own, or when the
    /// store or the database is away. Then nothing of it stays.
    pub async fn receive<S>(&self, db: &Db, kind: Kind, labels: Labels, stream: S) -> Result<Stored>
    where
        S: Stream<Item = Result<Bytes>> + Send + Unpin,
    {
        match kind {
            Kind::Image => self.receive_image(db, labels, stream).await,
            Kind::Asset => self.receive_asset(db, labels, stream).await,
        }
    }

    async fn receive_image<S>(&self, db: &Db, labels: Labels, mut stream: S) -> Result<Stored>
    where
        S: Stream<Item = Result<Bytes>> + Send + Unpin,
    {
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.try_next().await? {
            bytes.extend_from_slice(&chunk);
            within(bytes.len() as u64, self.limits.image)?;
        }
        let bytes = Bytes::from(bytes);
        let media_type = self.decoding(bytes.clone(), image::media_type).await?;
        let (sha256, size) = (Sha256::from(digest(&SHA256, &bytes)), i64::try_from(bytes.len()).unwrap_or(i64::MAX));
        claim(db, &sha256, size).await?;
        self.store.put(&content(&sha256), PutPayload::from(bytes)).await.map_err(away)?;
        Ok(Stored { sha256, size, media_type: Some(media_type), name: labels.name })
    }

    async fn receive_asset<S>(&self, db: &Db, labels: Labels, mut stream: S) -> Result<Stored>
    where
        S: Stream<Item = Result<Bytes>> + Send + Unpin,
    {
        let aside = Aside { files: self.clone(), path: Path::from(format!("uploads/{}", Uuid::new_v4())) };
        let mut writer =
            BufWriter::with_capacity(self.store.clone(), aside.path.clone(), PART).with_max_concurrency(PARTS);
        let received = async {
            let (mut hash, mut size) = (Context::new(&SHA256), 0);
            while let Some(chunk) = stream.try_next().await? {
                size += chunk.len() as u64;
                within(size, self.limits.asset)?;
                hash.update(&chunk);
                writer.put(chunk).await.map_err(away)?;
            }
            writer.shutdown().await.map_err(unwritten)?;
            Ok((Sha256::from(hash.finish()), i64::try_from(size).unwrap_or(i64::MAX)))
        };
        match received.await {
            Ok((sha256, size)) => self.settle(db, &aside.path, sha256, size, labels).await,
            Err(error) => {
                // What can't be taken back now, the collector finds later.
                drop(writer.abort().await);
                Err(error)
            }
        }
    }

    /// Moves what was uploaded to where its content says. It goes even where a file of that content is, for a collector may be
    /// about to remove that one.
    async fn settle(&self, db: &Db, aside: &Path, sha256: Sha256, size: i64, labels: Labels) -> Result<Stored> {
        claim(db, &sha256, size).await?;
        self.store.rename(aside, &content(&sha256)).await.map_err(away)?;
        Ok(Stored { sha256, size, media_type: labels.media_type, name: labels.name })
    }
}

/// An upload on its way. What is left of it when this goes, it removes.
struct Aside {
    files: Files,
    path: Path,
}

impl Drop for Aside {
    fn drop(&mut self) {
        let (files, path) = (self.files.clone(), std::mem::take(&mut self.path));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { drop(files.store.delete(&path).await) });
        }
    }
}

/// Notes that a file of this content is wanted, which keeps the collector from it for a while.
async fn claim(db: &Db, sha256: &Sha256, size: i64) -> Result<()> {
    let tx = db.begin().await?;
    tx.execute(crate::sql!(
        "insert into files (sha256, size, created_at, touched_at) values ($1, $2, $3, $3) \
         on conflict (sha256) do update set touched_at = excluded.touched_at",
        sha256.as_str(),
        size,
        clock::now()
    ))
    .await?;
    tx.commit().await
}

/// Nothing, if a file of this size is within a limit.
pub(super) fn within(size: u64, limit: u64) -> Result<()> {
    if size <= limit {
        return Ok(());
    }
    let limit = bytesize::ByteSize::b(limit).display().iec();
    Err(Error::new(ErrorKind::TooLarge, format!("The file is larger than {limit}.")))
}

fn unwritten(error: std::io::Error) -> Error {
    Error::unavailable("The store of files is away for now. Please try again in a moment.").because(error)
}
