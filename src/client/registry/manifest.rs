//! What registries have: indexes, manifests and configurations, of which only what is needed here is read.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::failure::malformed;
use crate::client::Result;

/// The kinds that are understood, of OCI and of Docker.
pub const ACCEPTED: &[&str] = &[
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// The longest name of an operating system or an architecture.
const LONGEST: usize = 40;

/// What an image's name names.
pub enum Manifest {
    /// Images for several platforms: these.
    Index(Vec<String>),
    /// An image for one.
    Image {
        /// The digest of its configuration.
        configuration: String,
    },
}

/// Reads what a registry has.
pub fn read(bytes: &[u8], host: &str) -> Result<Manifest> {
    #[derive(Deserialize)]
    struct Either {
        manifests: Option<Vec<Entry>>,
        config: Option<Descriptor>,
    }
    #[derive(Deserialize)]
    struct Entry {
        platform: Option<Configuration>,
    }
    #[derive(Deserialize)]
    struct Descriptor {
        digest: String,
    }
    let Either { manifests, config } = json(bytes, host)?;
    match (manifests, config) {
        (Some(entries), _) => {
            let platforms = entries.into_iter().filter_map(|entry| entry.platform).filter(Configuration::is_sound);
            // Attestations run on nothing.
            let known = platforms.map(|platform| platform.platform()).filter(|platform| !platform.contains("unknown"));
            Ok(Manifest::Index(known.collect()))
        }
        (None, Some(Descriptor { digest })) if is_digest(&digest) => Ok(Manifest::Image { configuration: digest }),
        _ => Err(malformed(host, "does not speak as the OCI distribution specification has it")),
    }
}

/// What an image runs on.
#[derive(Deserialize)]
pub struct Configuration {
    os: String,
    architecture: String,
    variant: Option<String>,
}

impl Configuration {
    /// Reads the configuration of an image.
    pub fn read(bytes: &[u8], host: &str) -> Result<Self> {
        let configuration: Self = json(bytes, host)?;
        match configuration.is_sound() {
            true => Ok(configuration),
            false => Err(malformed(host, "has an image whose configuration does not say what it runs on")),
        }
    }

    /// As it is written: operating system, architecture, and the variant of that.
    pub fn platform(&self) -> String {
        let variant = self.variant.as_deref().filter(|variant| !variant.is_empty());
        let variant = variant.map(|variant| format!("/{variant}")).unwrap_or_default();
        format!("{}/{}{variant}", self.os, self.architecture)
    }

    /// Whether these are names, which are printed.
    fn is_sound(&self) -> bool {
        let is_name =
            |text: &str| !text.is_empty() && text.len() <= LONGEST && text.chars().all(|c| c.is_ascii_graphic());
        is_name(&self.os)
            && is_name(&self.architecture)
            && self.variant.as_deref().is_none_or(|text| text.is_empty() || is_name(text))
    }
}

fn is_digest(text: &str) -> bool {
    let digits = text.strip_prefix("sha256:").filter(|digits| digits.len() == 64);
    let digits = digits.or_else(|| text.strip_prefix("sha512:").filter(|digits| digits.len() == 128));
    digits.is_some_and(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()))
}

fn json<T: DeserializeOwned>(bytes: &[u8], host: &str) -> Result<T> {
    let foreign = |_| malformed(host, "does not speak as the OCI distribution specification has it");
    serde_json::from_slice(bytes).map_err(foreign)
}
