//! A build's signature.

use serde_json::{Value, json};

use super::super::{Difference, signature};
use super::{Action, Publisher};
use crate::core::access::Verb;
use crate::core::manifest::Manifest;
use crate::core::model::{Build, PublisherKey};
use crate::core::resource;
use crate::core::{Error, Kind, Result};

impl Publisher<'_> {
    /// The build with this signature of its manifest, which must be by a key of the caller's. What is published can be signed
    /// later, too.
    pub(super) async fn signed(&mut self, build: Build, manifest: &Manifest, signature: String) -> Result<Build> {
        let fingerprint = signature::verify(&manifest.content, &signature)?.fingerprint();
        if build.signature.as_ref().is_some_and(|present| present.as_str() == signature) {
            return Ok(build);
        }
        let key = match (self.caller.user_id(), self.tx) {
            (Some(user), _) => Some(PublisherKey::of_user(self.db, user, &fingerprint).await?.id),
            // Whose key it is, is not known of a plan for nobody in particular.
            (None, None) => None,
            (None, Some(_)) => {
                let message = "Only users sign packages. Sign in, or leave the signature out.";
                return Err(Error::new(Kind::Unauthenticated, message));
            }
        };
        let mut signed = build.clone();
        signed.signature = Some(signature.parse().map_err(Error::internal)?);
        signed.publisher_key_id = key;
        let change = Difference { field: "signature".into(), from: Value::Null, to: json!(fingerprint) };
        if let Some(tx) = self.tx {
            let place = [build.product_id.uuid()];
            let verb = Verb::Update;
            resource::require::<Build>(tx, self.caller, &place, build.id.uuid(), verb, None).await?;
            signed = resource::replace(tx, self.caller, &build, signed).await?;
        }
        self.note(Action::Update, &signed, build.version.to_string(), vec![change]);
        Ok(signed)
    }
}
