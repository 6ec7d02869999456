//! Whether products may be used, and the keys that receipts are checked with.

use reqwest::Method;
use serde_json::{Map, Value};

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

    /// Redeems the voucher of this code, once, however often the call has to be repeated, and answers it.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn redeem_voucher(&self, code: &str, fields: &Map<String, Value>) -> Result<Value> {
        let mut address = self.address("/vouchers");
        if let Ok(mut segments) = address.path_segments_mut() {
            segments.push(code).push("redeem");
        }
        let call = self.request_at(Method::POST, address).header(IDEMPOTENCY_KEY, new_key());
        self.send(call.json(fields)).await
    }

    /// The public keys of the marketplace (RFC 7517).
    ///
    /// # Errors
    /// When the call fails.
    pub async fn public_keys(&self) -> Result<Value> {
        self.get("/.well-known/jwks.json", &[]).await
    }
}

pub(super) fn path(request: &Request) -> String {
    let product = request.product;
    match request.claimant {
        Claimant::User(id) => format!("/authorizations/users/{id}/products/{product}"),
        Claimant::Group(id) => format!("/authorizations/groups/{id}/products/{product}"),
        Claimant::Caller => format!("/authorizations/products/{product}"),
    }
}
