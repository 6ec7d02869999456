//! What an operator trusts: images that are pinned, and packages that their publishers signed.

use serde_json::{Value, json};

use super::Agent;
use super::runner::Fault;
use crate::client::Client;
use crate::core::deployment::{Planned, PlannedTask};
use crate::core::manifest::{self, Manifest, Task};
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
        let manifest = manifest::check(&build["marketplace"].to_string()).manifest;
        let manifest = manifest.ok_or("the manifest that was signed can't be read")?;
        require_same(planned, &manifest)
    }
}

/// Nothing, if what is to run is what a manifest says: this very build, by this image, with these tasks.
fn require_same(planned: &Planned, manifest: &Manifest) -> Result<(), String> {
    let ids = (planned.product.id.uuid(), planned.build.id.uuid());
    if ids != (manifest.product.id, manifest.build.id) {
        return Err("what its publisher has signed is another build".to_owned());
    }
    let signed = manifest.build.image.as_ref().and_then(|image| image.digest.as_ref());
    if planned.image().is_some() && (signed.is_none() || signed != planned.build.container_digest.as_ref()) {
        return Err("its image is not the one that its publisher has signed".to_owned());
    }
    let of_name = |name: &str| manifest.configurations.iter().find(|one| one.name == name);
    let tasks = planned.configuration.as_ref().and_then(|one| of_name(&one.name)).map(|one| &one.tasks);
    let tasks = tasks.ok_or("its configuration is none that its publisher has signed")?;
    let is_signed = |task: &PlannedTask| tasks.iter().any(|signed| is_same(task, signed));
    match planned.tasks.iter().find(|task| !is_signed(task)) {
        Some(task) => Err(format!("its task {} is not as its publisher has signed it", task.name)),
        None => Ok(()),
    }
}

fn is_same(task: &PlannedTask, signed: &Task) -> bool {
    task.name == signed.label
        && task.options == signed.options
        && task.ports == signed.ports
        && task.cron.as_ref().map(|cron| cron.as_str()) == signed.cron.as_deref()
        && json!(task.environment) == json!(signed.environment)
        && signed.memory_maximum.is_none_or(|most| most == task.memory)
}

fn trimmed(message: &str) -> String {
    message.trim_end_matches('.').to_owned()
}
