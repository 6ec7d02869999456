//! A market with an offer, and people with rights to it.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mkt::core::clock;
use reqwest::Method;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Database, Server};

/// A server with users who have tokens.
pub struct Market {
    pub server: Server,
}

/// A user with a token, or with none.
#[derive(Clone)]
pub struct User {
    pub id: String,
    pub token: String,
}

impl Market {
    pub async fn open(database: &Database) -> Self {
        Self { server: Server::start_with(database, &["--rate-limit", "0"], &[]).await }
    }

    pub async fn user(&self, name: &str) -> User {
        let id = self.id("/users", json!({ "name": name })).await;
        let tokens = format!("/users/{id}/tokens");
        let token = self.server.create(&tokens, json!({ "expires_at": "2999-01-01" })).await;
        User { id, token: token["token"].as_str().unwrap().to_owned() }
    }

    /// The id of something new.
    pub async fn id(&self, path: &str, body: Value) -> String {
        self.server.create(path, body).await["id"].as_str().unwrap().to_owned()
    }

    /// A published product.
    pub async fn product(&self, name: &str) -> String {
        let since = "2020-01-01T00:00:00Z";
        let product = self.id("/products", json!({ "name": name, "visible_at": since })).await;
        self.server.send(Method::POST, &format!("/products/{product}/publish"), json!({})).await;
        product
    }

    /// A licence with these terms.
    pub async fn license(&self, mut terms: Value) -> String {
        let name = format!("Licence {}", Uuid::new_v4());
        terms["url"] = json!(format!("https://licences.example/{}", name.replace(' ', "-")));
        terms["name"] = json!(name);
        self.id("/licenses", terms).await
    }

    /// The offer of a product under a licence with these terms.
    pub async fn offer(&self, product: &str, terms: Value) -> String {
        let license = self.license(terms).await;
        self.id(&format!("/products/{product}/licenses"), json!({ "license_id": license })).await
    }

    /// A user's entitlement to an offer, valid from an instant on.
    pub async fn entitlement(&self, user: &User, offer: &str, valid_from: &str) -> String {
        let entitlement = json!({ "user_id": user.id, "product_license_id": offer, "valid_from": valid_from });
        self.id("/entitlements", entitlement).await
    }

    /// A claim of a `User` or a `Group` on an entitlement.
    pub async fn claim(&self, entitlement: &str, kind: &str, claimant: &str) -> String {
        let claim = json!({ "claimant_type": kind, "claimant_id": claimant });
        self.id(&format!("/entitlements/{entitlement}/claims"), claim).await
    }

    /// Has a user hold a role with these permissions.
    pub async fn appoint(&self, user: &User, permissions: Value) {
        let role = self.id("/roles", json!({ "name": Uuid::new_v4(), "permissions": permissions })).await;
        let appointment = json!({ "entity_type": "User", "entity_id": user.id });
        self.id(&format!("/roles/{role}/appointments"), appointment).await;
    }

    /// Another token of a user, with these scopes.
    pub async fn token(&self, user: &User, scopes: Value) -> User {
        let body = json!({ "expires_at": "2999-01-01", "scopes": scopes });
        let token = self.server.create(&format!("/users/{}/tokens", user.id), body).await;
        User { id: user.id.clone(), token: token["token"].as_str().unwrap().to_owned() }
    }

    /// A platform of a user, signed in by its key.
    pub async fn platform(&self, user: &User) -> User {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": BASE64_URL_SAFE_NO_PAD.encode(pair.public_key()) });
        let body = json!({ "name": Uuid::new_v4(), "public_key": jwk.to_string() });
        let id = self.id(&format!("/users/{}/platforms", user.id), body).await;
        let exp = clock::now().unix_seconds() + 240;
        let claims = json!({
            "iss": id, "sub": id, "aud": self.server.url("/oauth/token"), "exp": exp, "jti": Uuid::new_v4(),
        });
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&json!({ "alg": "EdDSA", "typ": "JWT" })), part(&claims));
        let assertion = format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes())));
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let (status, granted) = self
            .server
            .send(
                Method::POST,
                "/oauth/token",
                json!({
                    "grant_type": "client_credentials", "client_assertion_type": kind, "client_assertion": assertion,
                }),
            )
            .await;
        assert_eq!(status, 200, "{granted}");
        User { id: user.id.clone(), token: granted["access_token"].as_str().unwrap().to_owned() }
    }

    /// A user's right to a product, which is made: product, entitlement and claim.
    pub async fn right(&self, user: &User, terms: Value) -> (String, String, String) {
        let product = self.product(&Uuid::new_v4().to_string()).await;
        let offer = self.offer(&product, terms).await;
        let entitlement = self.entitlement(user, &offer, "2026-01-31").await;
        let claim = self.claim(&entitlement, "User", &user.id).await;
        (product, entitlement, claim)
    }

    /// The number of all attempts, and of those with an outcome.
    pub async fn attempts(&self, outcome: Option<&str>) -> u64 {
        let filter = outcome.map(|outcome| format!("&outcome={outcome}")).unwrap_or_default();
        self.server.get(&format!("/attempts?per_page=1{filter}")).await["total_entries"].as_u64().unwrap()
    }

    /// How often something at a path was authorized.
    pub async fn count(&self, path: &str) -> u64 {
        self.server.get(path).await["authorization_count"].as_u64().unwrap()
    }

    /// A request by a user, and the answer's status and text.
    pub async fn send(
        &self,
        user: &User,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> (u16, String) {
        let mut request = self.server.anonymous(method, path);
        if !user.token.is_empty() {
            request = request.bearer_auth(&user.token);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// What a user asks, and the answer.
    pub async fn ask(&self, user: &User, method: Method, path: &str) -> (u16, Value) {
        let (status, text) = self.send(user, method, path, None, None).await;
        (status, serde_json::from_str(&text).unwrap())
    }

    /// A user's wish to use a product.
    pub async fn authorize(&self, user: &User, product: &str) -> (u16, Value) {
        self.ask(user, Method::PUT, &of_user(user, product)).await
    }
}

/// Where it is asked whether a user may use a product.
pub fn of_user(user: &User, product: &str) -> String {
    format!("/authorizations/users/{}/products/{product}", user.id)
}
