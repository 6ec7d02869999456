//! Files: logos, screenshots, assets. Kept outside the database in an object store, each once, by the SHA-256 of its
//! content. A row refers to a file only when that is whole and durable, and a file goes only when no row refers to it.

mod collect;
mod image;
mod location;
mod monogram;
mod parts;
mod rendition;
mod sha256;
mod upload;

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{BoxStream, try_unfold};
use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStore};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
use tokio::sync::Semaphore;

pub use location::StorageUrl;
pub use monogram::monogram;
pub use parts::{LARGEST_PART, Partial};
pub use rendition::{Rendition, Size};
pub use sha256::Sha256;
pub use upload::{Kind as FileKind, Labels, Stored};

use super::db::Db;
use super::{Error, Kind, Result};

/// The most bytes that files may have.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A picture.
    pub image: u64,
    /// The asset of a build.
    pub asset: u64,
}

/// Nothing, if bytes are a picture that can be shown, or else what they must be.
///
/// # Errors
/// That, as the rest of a sentence.
pub fn check_picture(bytes: &[u8]) -> std::result::Result<(), String> {
    image::media_type(bytes).map(drop).map_err(|error| error.fields().values().flatten().cloned().collect())
}

/// How many pictures are decoded at once: each may take 160 MiB meanwhile.
const DECODERS: usize = 2;

/// The store of files. Cheap to clone.
#[derive(Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    url: StorageUrl,
    limits: Limits,
    decoders: Arc<Semaphore>,
}

impl Files {
    /// Opens the store at an address.
    ///
    /// # Errors
    /// When it can't be used.
    pub fn open(url: StorageUrl, limits: Limits) -> Result<Self> {
        Ok(Self { store: url.open()?, url, limits, decoders: Arc::new(Semaphore::new(DECODERS)) })
    }

    /// How many bytes a file has.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn size(&self, db: &Db, sha256: &Sha256) -> Result<u64> {
        let size: i64 = db.scalar(crate::sql!("select size from files where sha256 = $1", sha256.as_str())).await?;
        u64::try_from(size).map_err(Error::internal)
    }

    /// A file's content, or a part of it, as it arrives.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn read(&self, sha256: &Sha256, part: Range<u64>) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.read_at(&content(sha256), part).await
    }

    async fn read_at(&self, location: &Path, part: Range<u64>) -> Result<BoxStream<'static, Result<Bytes>>> {
        // No part at all is no range to a store.
        if part.is_empty() {
            return Ok(futures_util::stream::empty().boxed());
        }
        let options = GetOptions { range: Some(GetRange::Bounded(part.clone())), ..GetOptions::default() };
        let found = self.store.get_opts(location, options).await.map_err(away)?;
        match found.payload {
            GetResultPayload::File(file, _) => from_folder(file.into(), part).await,
            GetResultPayload::Stream(stream) => Ok(stream.map_err(away).boxed()),
        }
    }
}

/// How much is read from a folder at once.
const PIECE: usize = 256 * 1024;

/// A part of a file in larger pieces than the store would read.
async fn from_folder(mut file: File, part: Range<u64>) -> Result<BoxStream<'static, Result<Bytes>>> {
    file.seek(SeekFrom::Start(part.start)).await.map_err(Error::internal)?;
    file.set_max_buf_size(PIECE);
    let pieces = try_unfold(file.take(part.end - part.start), |mut rest| async move {
        let mut piece = Vec::with_capacity(PIECE);
        let read = rest.read_buf(&mut piece).await.map_err(Error::internal)?;
        Ok((read > 0).then(|| (Bytes::from(piece), rest)))
    });
    Ok(pieces.boxed())
}

/// Where files are, by their content.
const CONTENT: &str = "content";
/// Where is what is made from them.
const DERIVED: &str = "derived";

/// Where the content of a file is.
fn content(sha256: &Sha256) -> Path {
    Path::from(format!("{CONTENT}/{}/{sha256}", sha256.folder()))
}

/// A failure of the store, which may well work later.
fn away(error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => Error::internal(error),
        _ => Error::new(Kind::Unavailable, "The store of files is away for now. Please try again in a moment.")
            .because(error),
    }
}
