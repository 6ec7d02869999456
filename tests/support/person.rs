//! People with roles of their own.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Ran, Server, mkt};

/// Somebody with a token.
pub struct Person {
    pub id: String,
    pub token: String,
}

impl Person {
    /// A new user with a role that permits this.
    pub async fn new(server: &Server, name: &str, permissions: &[&str]) -> Self {
        let id = text(&server.create("/users", json!({ "name": name })).await["id"]);
        let role = server.create("/roles", json!({ "name": name, "permissions": granted(permissions) })).await;
        let appointment = json!({ "entity_type": "User", "entity_id": id });
        server.create(&format!("{}/appointments", text(&role["path"])), appointment).await;
        let token = server.create(&format!("/users/{id}/tokens"), json!({ "expires_at": "2099-01-31" })).await;
        Self { id, token: text(&token["token"]) }
    }

    pub async fn ask(&self, server: &Server, method: Method, path: &str, body: Value) -> (u16, Value) {
        let answer = server.anonymous(method, path).bearer_auth(&self.token).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub async fn get(&self, server: &Server, path: &str) -> Value {
        self.ask(server, Method::GET, path, json!({})).await.1
    }

    /// Runs `mkt` as them.
    pub async fn mkt(&self, server: &Server, arguments: &[&str]) -> Ran {
        mkt(arguments, &[("MKT_SERVER", &server.url("")), ("MKT_TOKEN", &self.token)]).await
    }

    /// A POST that must be done.
    pub async fn post(&self, server: &Server, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(server, Method::POST, path, body).await;
        assert!(status < 300, "{path}: {status} {answer}");
        answer
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Permissions as roles have them.
pub fn granted(permissions: &[&str]) -> Value {
    let mut granted = json!({});
    for (resource, verb) in permissions.iter().filter_map(|permission| permission.split_once('.')) {
        let verbs = if verb == "*" { vec!["create", "read", "update", "delete"] } else { vec![verb] };
        verbs.iter().for_each(|verb| granted[resource][verb] = json!(true));
    }
    granted
}
