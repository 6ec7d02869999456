//! Packages on their way to the marketplace. Each call can be repeated: what was done is found done.

use std::path::Path;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use futures_util::TryStreamExt;
use futures_util::stream::try_unfold;
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Body, Method};
use ring::digest::{Context, SHA256};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt};
use uuid::Uuid;

use super::{Cause, Client, Failure, Result};
use crate::core::files::{FileKind, LARGEST_PART, Sha256};
use crate::core::package::Outcome;

/// The header with the publisher's signature.
const SIGNATURE: &str = "Package-Signature";
/// How long a file may take.
const TRANSFER: Duration = Duration::from_secs(24 * 3600);
/// How much of a file is read at once.
const PIECE: usize = 256 * 1024;

/// A file to send ahead of its package.
#[derive(Debug, Clone, Copy)]
pub struct PackageFile<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// What it is for.
    pub kind: FileKind,
    /// What it consists of.
    pub sha256: &'a Sha256,
    /// What it is.
    pub media_type: &'a str,
}

impl PackageFile<'_> {
    /// Where it is sent to.
    pub(super) fn address(&self) -> String {
        format!("/packages/files/sha256:{}", self.sha256)
    }

    pub(super) fn unreadable(&self, error: &std::io::Error) -> Failure {
        Failure::new(Cause::Invalid, format!("The file {} can't be read: {error}.", self.path.display()))
    }
}

impl Client {
    /// Sends a marketplace.json, to be published or, in a dry run, only compared with what is there.
    ///
    /// # Errors
    /// When the call fails, several times where the network does, or the marketplace refuses the package.
    pub async fn publish(&self, manifest: &str, signature: Option<&str>, dry_run: bool) -> Result<Outcome> {
        let send = || async {
            let request = self.request(Method::POST, "/packages").query(&[("dry_run", dry_run)]);
            let request = request.header(CONTENT_TYPE, "application/json").body(manifest.to_owned());
            self.send(signature.into_iter().fold(request, |request, signature| request.header(SIGNATURE, signature)))
                .await
        };
        send.retry(pauses()).when(is_passing).await
    }

    /// Sends a file ahead of its package, telling with each piece how many of its bytes have gone. Of a large one that was sent
    /// before in part only the rest goes.
    ///
    /// # Errors
    /// When the file can't be read, or the call fails, several times where the network does.
    pub async fn send_file(&self, file: PackageFile<'_>, sent: impl Fn(u64) + Clone + Send + 'static) -> Result<()> {
        let unreadable = |error| file.unreadable(&error);
        let size = tokio::fs::metadata(file.path).await.map_err(unreadable)?.len();
        if size > LARGEST_PART {
            return self.send_in_parts(file, size, sent).await;
        }
        let send = || async {
            let open = File::open(file.path).await.map_err(unreadable)?;
            let request =
                self.request(Method::PUT, &file.address()).query(&[("kind", file.kind.word())]).timeout(TRANSFER);
            let request = request.header(CONTENT_TYPE, file.media_type).header(CONTENT_LENGTH, size);
            self.answer(request.body(streamed(open, 0, sent.clone()))).await.map(drop)
        };
        send.retry(pauses()).when(is_passing).await
    }
}

impl Client {
    /// What the asset of a build consists of, as it is downloaded.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn digest_of_asset(&self, product: Uuid, build: Uuid) -> Result<Sha256> {
        let path = format!("/products/{product}/builds/{build}/asset");
        let request = self.request(Method::GET, &path).header(ACCEPT, "*/*").timeout(TRANSFER);
        let (mut content, mut hash) = (self.answer(request).await?.bytes_stream(), Context::new(&SHA256));
        while let Some(piece) = content.try_next().await? {
            hash.update(&piece);
        }
        Ok(hash.finish().into())
    }
}

/// A file as it is read from this offset on.
pub(super) fn streamed(
    file: impl AsyncRead + Unpin + Send + 'static,
    offset: u64,
    sent: impl Fn(u64) + Send + 'static,
) -> Body {
    Body::wrap_stream(try_unfold((file, offset, sent), |(mut file, offset, sent)| async move {
        let mut piece = Vec::with_capacity(PIECE);
        let read = file.read_buf(&mut piece).await?;
        let offset = offset + read as u64;
        sent(offset);
        Ok::<_, std::io::Error>((read > 0).then_some((piece, (file, offset, sent))))
    }))
}

/// The pauses between attempts: 0.5 to 8 s, half a minute in all.
pub(super) fn pauses() -> ExponentialBuilder {
    let pauses =
        ExponentialBuilder::new().with_min_delay(Duration::from_millis(500)).with_max_delay(Duration::from_secs(8));
    pauses.with_max_times(6).with_jitter()
}

/// Whether trying again may help.
pub(super) fn is_passing(failure: &Failure) -> bool {
    failure.cause == Cause::Away
}

/// The paths of the files that the marketplace misses, if that is why it refused a package.
pub fn missing(failure: &Failure) -> Vec<String> {
    let missing = failure.problem["details"]["missing"].as_array().map(Vec::as_slice).unwrap_or_default();
    missing.iter().filter_map(|file| file["path"].as_str().map(str::to_owned)).collect()
}
