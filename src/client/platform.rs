//! What a platform's agent asks of the marketplace and tells it.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use reqwest::header::DATE;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::collection::IDEMPOTENCY_KEY;
use super::{Client, Result};
use crate::core::deployment::{Plan, PlannedPlatform, Proposal};
use crate::core::keeper::Keeper;
use crate::core::licensing::{Decision, Request};
use crate::core::secret::Secret;
use crate::core::signing::SigningKey;

/// How the assertion of RFC 7523 is called.
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// For how many seconds an assertion holds: long enough to be sent.
const HOLDS: i64 = 60;

impl Client {
    /// Signs in as a platform by its key, at the marketplace's time: all clones of this client go on with the token. Answers for
    /// how long it holds.
    ///
    /// # Errors
    /// When the call fails, or the key is not the platform's.
    pub async fn sign_in_as(&self, platform: Uuid, key: &SigningKey, now: DateTime<Utc>) -> Result<Duration> {
        let server = self.server.as_str().trim_end_matches('/');
        let claims = json!({
            "iss": platform, "sub": platform, "aud": server, "jti": Uuid::new_v4(),
            "iat": now.timestamp(), "exp": now.timestamp() + HOLDS,
        });
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION),
            ("client_assertion", &signed(key, &claims)),
        ];
        let access: Access = self.send(self.plain_request(Method::POST, "/oauth/token").form(&form)).await?;
        self.use_token(access.access_token);
        Ok(Duration::from_secs(access.expires_in))
    }

    /// How much the marketplace's clock is ahead of this machine's, to within a second or two.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn clock_ahead(&self) -> Result<TimeDelta> {
        let response = self.answer(self.plain_request(Method::GET, "/status")).await?;
        let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
        let theirs = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        Ok(theirs.map_or_else(TimeDelta::zero, |theirs| theirs.to_utc() - Utc::now()))
    }

    /// What is to run on a platform.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn plan(&self, platform: Uuid) -> Result<Plan> {
        self.get(&format!("/platforms/{platform}/plan"), &[]).await
    }

    /// What would be to run on a platform with one more instance.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn propose(&self, platform: Uuid, proposal: &Proposal) -> Result<Plan> {
        self.send(self.request(Method::POST, &format!("/platforms/{platform}/plan")).json(proposal)).await
    }

    /// Keeps a platform, or goes on doing so.
    ///
    /// # Errors
    /// [`Cause::Conflict`](super::Cause::Conflict) while another agent keeps it; when the call fails.
    pub async fn keep_platform(&self, platform: Uuid, agent: Uuid) -> Result<Keeper> {
        self.send(self.request(Method::PUT, &format!("/platforms/{platform}/keepers/{agent}"))).await
    }

    /// Lets go of a platform.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn leave_platform(&self, platform: Uuid, agent: Uuid) -> Result<()> {
        self.answer(self.request(Method::DELETE, &format!("/platforms/{platform}/keepers/{agent}"))).await.map(drop)
    }

    /// As [`authorize`](Self::authorize), where repeats with the same key count once.
    ///
    /// # Errors
    /// As [`authorize`](Self::authorize).
    pub async fn authorize_once(&self, request: &Request, key: &str) -> Result<Decision> {
        let call = self.request(Method::PUT, &super::licensing::path(request)).header(IDEMPOTENCY_KEY, key);
        self.send(call.query(&[("quantity", request.quantity.0)])).await
    }

    /// Tells how far an instance is.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn report(&self, platform: &PlannedPlatform, instance: Uuid, report: &Value) -> Result<()> {
        let path = format!("{}/instances/{instance}/reports", path(platform));
        self.answer(self.request(Method::POST, &path).json(report)).await.map(drop)
    }

    /// Tells what an instance last printed.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn send_logs(&self, platform: &PlannedPlatform, instance: Uuid, content: &str) -> Result<()> {
        let path = format!("{}/instances/{instance}/logs", path(platform));
        self.answer(self.request(Method::PUT, &path).json(&json!({ "content": content }))).await.map(drop)
    }
}

fn path(platform: &PlannedPlatform) -> String {
    format!("/users/{}/platforms/{}", platform.user_id, platform.id)
}

/// A JWT (RFC 7519) with these claims.
fn signed(key: &SigningKey, claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&json!({ "alg": "EdDSA", "typ": "JWT" })), part(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

#[derive(Deserialize)]
struct Access {
    access_token: Secret,
    expires_in: u64,
}
