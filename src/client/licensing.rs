//! Whether products may be used, and the keys that receipts are checked with.

use reqwest::Method;
use serde_json::Value;

use super::collection::{IDEMPOTENCY_KEY, new_key};
use super::{Client, Result};
use crate::core::licensing::{Claimant, Decision, Request};

impl Client {
    /// Asks whether a claimant may use a product, and has the use counted, once, however often the call has to be repeated.
    ///
    /// # Errors
    /// [`Cause::Unlicensed`](super::Cause::Unlicensed) when it may not; when the call fails.
    pub async fn authorize(&self, request: &Request) -> Result<Decision> {
        let call = self.request(Method::PUT, &path(request)).header(IDEMPOTENCY_KEY, new_key());
        self.send(call.query(&[("quantity", request.quantity.0)])).await
    }

    /// As [`authorize`](Self::authorize), with nothing counted or recorded.
    ///
    /// # Errors
    /// As [`authorize`](Self::authorize).
    pub async fn check_authorization(&self, request: &Request) -> Result<Decision> {
        self.get(&path(request), &[("quantity", request.quantity.0.to_string())]).await
    }

    /// The public keys of the marketplace (RFC 7517).
    ///
    /// # Errors
    /// When the call fails.
    pub async fn public_keys(&self) -> Result<Value> {
        self.get("/.well-known/jwks.json", &[]).await
    }
}

fn path(request: &Request) -> String {
    let product = request.product;
    match request.claimant {
        Claimant::User(id) => format!("/authorizations/users/{id}/products/{product}"),
        Claimant::Group(id) => format!("/authorizations/groups/{id}/products/{product}"),
        Claimant::Caller => format!("/authorizations/products/{product}"),
    }
}
