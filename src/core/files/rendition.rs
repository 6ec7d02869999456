//! Renditions: pictures made smaller, once, and kept.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};

use super::{DERIVED, Files, Sha256, away, content, image};
use crate::core::{Error, Result};

/// A size that pictures are shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Fits into 100 pixels.
    Small,
    /// Fits into 200 pixels.
    Medium,
    /// Fits into 400 pixels.
    Large,
}

impl Size {
    const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];

    /// The size of this name.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.word() == word)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }

    fn side(self) -> u32 {
        match self {
            Self::Small => 100,
            Self::Medium => 200,
            Self::Large => 400,
        }
    }
}

/// A picture in a size, as PNG, and what tells it from others.
#[derive(Debug, Clone)]
pub struct Rendition {
    /// The PNG.
    pub bytes: Bytes,
    /// Differs where the bytes may differ.
    pub tag: String,
}

/// Where a picture is kept in a size.
fn location(sha256: &Sha256, size: Size) -> Path {
    Path::from(format!("{DERIVED}/{}/{sha256}-{}", sha256.folder(), size.word()))
}

/// Where a picture may be kept in any size.
pub(super) fn locations(sha256: &Sha256) -> impl Iterator<Item = Path> {
    Size::ALL.into_iter().map(|size| location(sha256, size))
}

impl Files {
    /// A picture of the store in a size; a neutral one in place of none.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn rendition(&self, picture: Option<&Sha256>, size: Size) -> Result<Rendition> {
        let name = picture.map_or("placeholder", Sha256::as_str);
        let tag = format!("{name}-{}", size.word());
        let bytes = match picture {
            Some(sha256) => self.smaller(sha256, size).await?,
            None => image::placeholder(size.side())?.into(),
        };
        Ok(Rendition { bytes, tag })
    }

    async fn smaller(&self, sha256: &Sha256, size: Size) -> Result<Bytes> {
        let kept = location(sha256, size);
        match self.store.get(&kept).await {
            Ok(found) => return found.bytes().await.map_err(away),
            Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(away(error)),
        }
        let original = self.store.get(&content(sha256)).await.map_err(away)?.bytes().await.map_err(away)?;
        let made = self.decoding(original, move |bytes| image::fitted(bytes, size.side())).await?;
        let made = Bytes::from(made);
        self.store.put(&kept, PutPayload::from(made.clone())).await.map_err(away)?;
        Ok(made)
    }

    /// Does what takes a while with a picture, on a thread for such, a few at once.
    pub(super) async fn decoding<T: Send + 'static>(
        &self,
        picture: Bytes,
        work: impl FnOnce(&[u8]) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _turn = self.decoders.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(move || work(&picture)).await.map_err(Error::internal)?
    }
}
