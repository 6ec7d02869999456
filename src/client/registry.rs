//! Registries of container images, by the OCI distribution specification: what an image's tag names now, and what it runs on.
//! `session` asks one of them, `challenge` signs in there with `credentials`, `manifest` reads what it has.

mod challenge;
mod credentials;
mod failure;
mod manifest;
mod session;

use std::net::IpAddr;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use moka::future::Cache;
use reqwest::header::ACCEPT;
use ring::digest::{SHA256, SHA512, digest};
use tokio::time::timeout;
use url::Url;

pub use self::credentials::{Credentials, of as credentials_of};
use self::failure::{malformed, silent};
use self::manifest::{Configuration, Manifest};
use self::session::{Reply, Session};

use super::{Cause, Result, connections};
use crate::core::manifest::Image;

/// How long a look at an image may take, with all that is tried again.
const LOOKING: Duration = Duration::from_secs(30);
/// How many images are remembered.
const REMEMBERED: u64 = 10_000;
/// Where Docker Hub's registry is.
const HUB: &str = "registry-1.docker.io";

/// What everything must run on that is published (rule 11 of the packaging rules).
pub const REQUIRED: &str = "linux/amd64";

/// Registries, with the credentials that Docker's configuration has for them. What an image is, is looked up once.
#[derive(Clone)]
pub struct Registries {
    http: reqwest::Client,
    /// Those that are spoken to without TLS, with their ports.
    insecure: Vec<String>,
    looked: Cache<String, Result<Resolved>>,
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
        // What is silent for so long won't answer.
        let http = connections().read_timeout(LOOKING).build()?;
        Ok(Self { http, insecure, looked: Cache::new(REMEMBERED) })
    }

    /// What an image's tag or digest names, in its registry, now.
    ///
    /// # Errors
    /// When there is no such image, the registry refuses, is away, or does not answer what was asked for.
    pub async fn resolve(&self, image: &Image) -> Result<Resolved> {
        self.looked.get_with(image.to_string(), self.find(image)).await
    }

    async fn find(&self, image: &Image) -> Result<Resolved> {
        let pauses =
            ExponentialBuilder::new().with_min_delay(Duration::from_millis(200)).with_max_times(2).with_jitter();
        let look = (|| self.look(image)).retry(pauses).when(|failure| failure.cause == Cause::Away);
        timeout(LOOKING, look).await.unwrap_or_else(|_| Err(silent(&image.host())))
    }

    async fn look(&self, image: &Image) -> Result<Resolved> {
        let host = image.host();
        let session = Session::open(self, &host, image).await?;
        let Reply { bytes, digest: told } =
            session.get(&format!("manifests/{}", reference(image)), manifest::ACCEPTED).await?;
        let found = digest_of(&bytes, image.digest.as_deref().or(told.as_deref()));
        for (wanted, whose) in [(&image.digest, "was asked for"), (&told, "is what it says that this is")] {
            if wanted.as_ref().is_some_and(|wanted| *wanted != found) {
                return Err(malformed(&host, &format!("sends content of which {} {whose}", shown(wanted))));
            }
        }
        let platforms = match manifest::read(&bytes, &host)? {
            Manifest::Index(platforms) => platforms,
            Manifest::Image { configuration } => {
                let Reply { bytes, .. } = session.get(&format!("blobs/{configuration}"), &[]).await?;
                if digest_of(&bytes, Some(&configuration)) != configuration {
                    return Err(malformed(&host, "sends content that its digest is not of"));
                }
                vec![Configuration::read(&bytes, &host)?.platform()]
            }
        };
        Ok(Resolved { digest: found, platforms })
    }

    /// Where a registry's API is: without TLS as the operator says, or on this machine.
    fn address(&self, host: &str) -> Option<Url> {
        let scheme = if self.is_plain(host) { "http" } else { "https" };
        Url::parse(&format!("{scheme}://{}/v2/", if host == "docker.io" { HUB } else { host })).ok()
    }

    /// Whether a host is spoken to without TLS.
    fn is_plain(&self, host: &str) -> bool {
        let name = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
        let local =
            name == "localhost" || name.trim_matches(['[', ']']).parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        local || self.insecure.iter().any(|insecure| insecure == host)
    }
}

/// What names an image in its repository.
fn reference(image: &Image) -> &str {
    image.digest.as_deref().or(image.tag.as_deref()).unwrap_or("latest")
}

/// The digest of content, by the algorithm of another one.
fn digest_of(content: &[u8], like: Option<&str>) -> String {
    let (name, algorithm) = match like {
        Some(like) if like.starts_with("sha512:") => ("sha512", &SHA512),
        _ => ("sha256", &SHA256),
    };
    let digits: String = digest(algorithm, content).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{name}:{digits}")
}

/// A digest as it may be printed, whoever sent it.
fn shown(digest: &Option<String>) -> String {
    digest.as_deref().unwrap_or_default().chars().filter(char::is_ascii_graphic).take(80).collect()
}

/// The header by which registries are told what is understood.
fn accept(types: &[&str]) -> (reqwest::header::HeaderName, String) {
    (ACCEPT, if types.is_empty() { "*/*".to_owned() } else { types.join(", ") })
}
