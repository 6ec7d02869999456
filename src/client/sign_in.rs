//! Signing in: through a browser that comes back with a code (RFC 8252), or on another device (RFC 8628).

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::{Cause, Client, Failure, Result};
use crate::core::secret::Secret;

/// The grant of RFC 8628.
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Somewhere to sign in with.
#[derive(Debug, Clone, Deserialize)]
pub struct Provider {
    /// Its id.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
}

/// What to confirm on another device, and where.
#[derive(Debug, Deserialize)]
pub struct DeviceCode {
    device_code: Secret,
    /// What people type there.
    pub user_code: String,
    /// Where they do.
    pub verification_uri: String,
    /// Where nothing needs to be typed.
    pub verification_uri_complete: Option<String>,
    /// For how many seconds the code is good.
    pub expires_in: u64,
    /// How many seconds to wait between two questions.
    #[serde(default = "usual_interval")]
    pub interval: u64,
}

/// What a device is told that asks whether it was confirmed.
#[derive(Debug)]
pub enum Confirmation {
    /// It was: this is the token.
    Given(Secret),
    /// Not yet.
    Pending,
    /// Not yet, and the device asks too often.
    SlowDown,
}

impl Client {
    /// What people can sign in with.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn providers(&self) -> Result<Vec<Provider>> {
        let providers = self.collection_at("/identity_providers".to_owned());
        Ok(providers.list_all(&[]).await?.results)
    }

    /// Where a browser starts to sign in with a provider. It comes back to `return_to`, with a code that is good for
    /// whoever has the verifier of this challenge (RFC 7636, S256).
    pub fn sign_in_address(&self, provider: Uuid, return_to: &Url, challenge: &str) -> Url {
        let mut url = self.address(&format!("/identity_providers/{provider}/redirect"));
        let parameters =
            [("return_to", return_to.as_str()), ("code_challenge", challenge), ("code_challenge_method", "S256")];
        url.query_pairs_mut().extend_pairs(parameters);
        url
    }

    /// The token for the code that a browser came back with.
    ///
    /// # Errors
    /// When the call fails, or the code is not good for this verifier.
    pub async fn redeem(&self, code: &str, verifier: &Secret) -> Result<Secret> {
        let body = json!({ "code": code, "code_verifier": verifier.expose() });
        let session: Session = self.send(self.request(Method::POST, "/sessions").json(&body)).await?;
        Ok(session.jwt)
    }

    /// Ends the token that calls carry.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn sign_out(&self) -> Result<()> {
        self.answer(self.request(Method::DELETE, "/session")).await.map(drop)
    }

    /// A code to confirm on another device, by what this one is called.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn device_code(&self, name: &str) -> Result<DeviceCode> {
        self.send(self.request(Method::POST, "/device/code").json(&json!({ "client": name }))).await
    }

    /// Whether a code was confirmed.
    ///
    /// # Errors
    /// When the call fails, the code has ended, or somebody said no.
    pub async fn device_token(&self, code: &DeviceCode) -> Result<Confirmation> {
        let form = [("grant_type", DEVICE_GRANT), ("device_code", code.device_code.expose())];
        match self.send::<Access>(self.request(Method::POST, "/oauth/token").form(&form)).await {
            Ok(access) => Ok(Confirmation::Given(access.access_token)),
            Err(failure) => match failure.problem["error"].as_str() {
                Some("authorization_pending") => Ok(Confirmation::Pending),
                Some("slow_down") => Ok(Confirmation::SlowDown),
                Some("access_denied") => {
                    Err(Failure::new(Cause::Refused, "Signing in was refused on the other device."))
                }
                Some("expired_token") => Err(Failure::new(Cause::Refused, "Nobody confirmed the code in time.")),
                _ => Err(failure),
            },
        }
    }
}

#[derive(Deserialize)]
struct Session {
    jwt: Secret,
}

#[derive(Deserialize)]
struct Access {
    access_token: Secret,
}

/// What RFC 8628 says where the server does not.
fn usual_interval() -> u64 {
    5
}
