//! A market with an offer, and people with rights to it.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Database, Server};

/// A server with users who have tokens.
pub struct Market {
    pub server: Server,
}

/// A user with a token.
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

    /// What a user asks, and the answer.
    pub async fn ask(&self, user: &User, method: Method, path: &str) -> (u16, Value) {
        let request = self.server.anonymous(method, path).bearer_auth(&user.token);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// A user's wish to use a product.
    pub async fn authorize(&self, user: &User, product: &str) -> (u16, Value) {
        self.ask(user, Method::PUT, &format!("/authorizations/users/{}/products/{product}", user.id)).await
    }
}
