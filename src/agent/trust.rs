//! What an operator trusts: images that are pinned, and packages that their publishers signed.

use serde_json::Value;

use super::Agent;
use super::runner::Fault;
use crate::client::Client;
use crate::core::deployment::Planned;
use crate::core::manifest::Image;
use crate::core::package::signature;
use crate::core::signing::Ed25519Key;

/// What is trusted.
#[derive(Debug, Default)]
pub struct Trust {
    /// Whether images must be named by digest.
    pub digests: bool,
    /// Whether packages must be signed by a key that the marketplace has not revoked.
    pub signatures: bool,
    /// The keys that packages must be signed by; none means any that the marketplace knows.
    pub keys: Vec<Ed25519Key>,
}

impl Agent {
    /// Nothing, if what an instance runs may be trusted.
    pub(super) async fn require_trust(&self, planned: &Planned) -> Result<(), Fault> {
        let what = || format!("{} is not trusted here", planned.title());
        if self.trust.digests && planned.build.container_digest.is_none() {
            return Err(Fault::new(what(), "its image is not named by digest"));
        }
        if self.trust.signatures || !self.trust.keys.is_empty() {
            self.trust
                .require_signature(self.marketplace.client(), planned)
                .await
                .map_err(|why| Fault::new(what(), why))?;
        }
        Ok(())
    }
}

impl Trust {
    /// Nothing, if the build was signed, by a key that is trusted, with the very image that is to run.
    async fn require_signature(&self, client: &Client, planned: &Planned) -> Result<(), String> {
        let path = format!("/products/{}/builds/{}", planned.product.id, planned.build.id);
        let build: Value = client.get(&path, &[]).await.map_err(|failure| trimmed(&failure.message))?;
        let signature = build["signature"].as_str().ok_or("it is not signed")?;
        let key = signature::verify(&build["marketplace"], signature).map_err(|error| trimmed(error.message()))?;
        if !self.keys.is_empty() && !self.keys.contains(&key) {
            return Err(format!("it is signed with {}, which is none of the keys trusted here", key.fingerprint()));
        }
        if self.keys.is_empty() && (build["signed_by"].is_null() || !build["signed_by"]["revoked_at"].is_null()) {
            return Err("it is signed with a key that the marketplace does not know, or has revoked".to_owned());
        }
        let image = build["marketplace"]["product"]["build"]["binary"]["image"].as_str();
        let signed = image.and_then(|text| text.parse::<Image>().ok()).and_then(|image| image.digest);
        if planned.image().is_some() && (signed.is_none() || signed != planned.build.container_digest) {
            return Err("its image is not the one that its publisher has signed".to_owned());
        }
        Ok(())
    }
}

fn trimmed(message: &str) -> String {
    message.trim_end_matches('.').to_owned()
}
