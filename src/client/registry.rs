//! Registries of container images, by the OCI distribution specification: what an image's tag names now, and what it runs on.

mod credentials;
mod failure;

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use futures_util::TryStreamExt;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::manifest::{ImageIndexEntry, OciDescriptor, OciManifest};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use serde::Deserialize;
use tokio::time::timeout;

use self::failure::{malformed, refused, silent};
use super::{Cause, Result};
use crate::core::manifest::Image;

/// How long a connection may take to be made, and how long one look at an image may take in all.
const CONNECTING: Duration = Duration::from_secs(10);
const LOOKING: Duration = Duration::from_secs(30);
/// The most bytes of an image's configuration.
const LARGEST: usize = 1024 * 1024;

/// What everything must run on that is published (rule 11 of the packaging rules).
pub const REQUIRED: &str = "linux/amd64";

/// Registries, with the credentials that Docker's configuration has for them.
#[derive(Clone)]
pub struct Registries {
    secure: Client,
    plain: Client,
    /// Those that are spoken to without TLS, with their ports.
    insecure: Vec<String>,
}

/// What a registry has under an image's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The digest of its manifest, or of its index where it is for several platforms.
    pub digest: String,
    /// What it runs on, such as `linux/amd64`.
    pub platforms: Vec<String>,
}

impl Resolved {
    /// Whether it runs where everything must.
    pub fn runs(&self) -> bool {
        self.platforms.iter().any(|platform| platform == REQUIRED || platform.starts_with(&format!("{REQUIRED}/")))
    }
}

impl Registries {
    /// Registries, of which some are spoken to without TLS, and those of this machine are anyway.
    ///
    /// # Errors
    /// When the system's certificates can't be read.
    pub fn new(insecure: Vec<String>) -> Result<Self> {
        let client = |protocol| {
            let config = ClientConfig {
                protocol,
                connect_timeout: Some(CONNECTING),
                read_timeout: Some(LOOKING),
                user_agent: concat!("mkt/", env!("CARGO_PKG_VERSION")),
                ..ClientConfig::default()
            };
            Client::try_from(config).map_err(|error| refused("", "", &error))
        };
        Ok(Self { secure: client(ClientProtocol::Https)?, plain: client(ClientProtocol::Http)?, insecure })
    }

    /// What an image's tag or digest names, in its registry, now.
    ///
    /// # Errors
    /// When there is no such image, the registry refuses, is away, or does not answer what was asked for.
    pub async fn resolve(&self, image: &Image) -> Result<Resolved> {
        let look = || async {
            let looked = timeout(LOOKING, self.look(image)).await;
            looked.unwrap_or_else(|_| Err(silent(&image.host())))
        };
        let pauses =
            ExponentialBuilder::new().with_min_delay(Duration::from_millis(200)).with_max_times(2).with_jitter();
        look.retry(pauses).when(|failure| failure.cause == Cause::Away).await
    }

    async fn look(&self, image: &Image) -> Result<Resolved> {
        let (host, reference) = (image.host(), reference(image));
        let failed = |error| refused(&host, &image.to_string(), &error);
        let auth = credentials::of(&host).await?;
        let client = if self.is_plain(&host) { &self.plain } else { &self.secure };
        let (manifest, digest) = client.pull_manifest(&reference, &auth).await.map_err(failed)?;
        if image.digest.as_ref().is_some_and(|wanted| *wanted != digest) {
            return Err(malformed(&host, &format!("answers {digest} where {image} was asked for")));
        }
        let platforms = match manifest {
            OciManifest::ImageIndex(index) => index.manifests.iter().filter_map(platform).collect(),
            OciManifest::Image(manifest) => {
                vec![platform_of(client, &reference, &manifest.config, &host, image).await?]
            }
        };
        Ok(Resolved { digest, platforms })
    }

    /// Whether a registry is spoken to without TLS: as the operator says, or on this machine.
    fn is_plain(&self, host: &str) -> bool {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let local = name == "localhost"
            || name.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        local || self.insecure.iter().any(|insecure| insecure == host)
    }
}

fn reference(image: &Image) -> Reference {
    let (host, name) = (image.host(), image.name());
    let repository = name.strip_prefix(&format!("{host}/")).unwrap_or(&image.repository).to_owned();
    match (&image.digest, &image.tag) {
        (Some(digest), _) => Reference::with_digest(host, repository, digest.clone()),
        (None, tag) => Reference::with_tag(host, repository, tag.clone().unwrap_or_else(|| "latest".to_owned())),
    }
}

/// What an entry of an index runs on. Attestations run on nothing.
fn platform(entry: &ImageIndexEntry) -> Option<String> {
    let platform = entry.platform.as_ref()?;
    let variant = platform.variant.as_deref().map(|variant| format!("/{variant}")).unwrap_or_default();
    let name = format!("{}/{}{variant}", platform.os, platform.architecture);
    (!name.contains("unknown")).then_some(name)
}

/// What an image for one platform runs on: its configuration says so.
async fn platform_of(
    client: &Client,
    reference: &Reference,
    config: &OciDescriptor,
    host: &str,
    image: &Image,
) -> Result<String> {
    #[derive(Deserialize)]
    struct Configuration {
        os: String,
        architecture: String,
    }
    let failed = |error| refused(host, &image.to_string(), &error);
    let mut content = client.pull_blob_stream(reference, config).await.map_err(failed)?.stream;
    let mut bytes = Vec::new();
    while let Some(piece) = content.try_next().await.map_err(|error| failed(error.into()))? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > LARGEST {
            return Err(malformed(host, "sends no end of an image's configuration"));
        }
    }
    let Configuration { os, architecture } = serde_json::from_slice(&bytes)
        .map_err(|_| malformed(host, "has an image whose configuration does not say what it runs on"))?;
    Ok(format!("{os}/{architecture}"))
}

/// Whoever asks a registry for nothing in particular.
const ANONYMOUS: RegistryAuth = RegistryAuth::Anonymous;
