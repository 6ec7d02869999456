//! How many statements an index takes: as many for a long page as for a short one.

use mkt::core::access::administrator;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::cases::{Case, World, cases};
use super::text;
use crate::support::{Database, Server, on_both};

/// More than the longer of the two pages.
const ROWS: usize = 55;

on_both! {
    async fn the_statements_of_an_index_do_not_grow_with_the_page(database: Database) {
        let logging = ["--log", "info,sqlx::query=debug", "--log-format", "json"];
        let server = Server::start_with(&database, &logging, &[]).await;
        let world = World::make(&server, "Here").await;
        let token = administrators_token(&server).await;
        // Of logos a product has one.
        for case in cases().into_iter().filter(|case| case.name != "logo") {
            let collection = world.path(case.path);
            fill(&server, &world, &collection, &case).await;
            let total = server.get(&collection).await["total_entries"].as_u64().unwrap();
            let mut queries = vec!["", "sort=created_at&order=desc"];
            queries.extend(["product", "user"].contains(&case.name).then_some("text=case"));
            for query in queries {
                let one = statements(&server, &token, Method::GET, &format!("{collection}?per_page=1&{query}")).await;
                let many = statements(&server, &token, Method::GET, &format!("{collection}?per_page=50&{query}")).await;
                assert_eq!(one.len(), many.len(), "{} of {total}, {query}:\n{one:#?}\n{many:#?}", case.name);
                assert!(!one.is_empty(), "{}: no statement was logged", case.name);
            }
        }
    }
}

/// Creates so many of a resource, their unique fields made different.
async fn fill(server: &Server, world: &World, collection: &str, case: &Case) {
    for number in 0..ROWS {
        let mut body = world.body(&case.body);
        for (field, _) in case.unique {
            body[*field] = match *field {
                "url" | "issuer" => json!(format!("https://example.org/{number}")),
                "code" => json!(format!("{number:016}")),
                field if field.ends_with("_id") => other(server, field).await,
                _ => json!(format!("Case{number}")),
            };
        }
        case.create(server, collection, &body).await;
    }
}

/// The id of something new to refer to.
async fn other(server: &Server, field: &str) -> Value {
    let name = Uuid::new_v4();
    let url = format!("https://example.org/{name}");
    let made = match field {
        "license_id" => server.create("/licenses", json!({ "name": name, "url": url })).await,
        "interface_id" | "substitute_id" => {
            server.create("/interfaces", json!({ "name": name, "uri": url, "version": "1" })).await
        }
        "child_id" => server.create("/products", json!({ "name": name })).await,
        "user_id" | "entity_id" | "claimant_id" => server.create("/users", json!({ "name": name })).await,
        _ => panic!("{field} refers to nothing known"),
    };
    made["id"].clone()
}

/// A token of the first administrator's user: unlike the first administrator's own token it is remembered until who may
/// do what changes, not for a second.
pub async fn administrators_token(server: &Server) -> String {
    let path = format!("/users/{}/tokens", administrator::ID);
    text(&server.create(&path, json!({ "expires_at": "2099-01-31" })).await, "token")
}

/// The statements that the server runs for a request of somebody whom it knows. A change before makes it start from nothing
/// kept.
pub async fn statements(server: &Server, token: &str, method: Method, path: &str) -> Vec<String> {
    server.create("/badges", json!({ "name": Uuid::new_v4(), "description": "" })).await;
    let (id, next) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
    let known = ("known".to_owned(), Method::GET, "/audit_events");
    for (id, method, path) in [known, (id.clone(), method, path), (next.clone(), Method::GET, "/status")] {
        let request = server.anonymous(method, path).bearer_auth(token).header("x-request-id", id);
        request.json(&json!({})).send().await.unwrap();
    }
    // The log is read as it comes: once it tells of the second request, the first is in it.
    server.logs(&next).await;
    let log = server.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let of_request = lines.filter(|line| line["target"] == "sqlx::query" && line["span"]["id"] == id);
    let texts = of_request.map(|line| line["fields"]["db.statement"].as_str().unwrap_or_default().trim().to_owned());
    // A connection that is new begins with its settings.
    texts.filter(|text| !text.starts_with("PRAGMA")).collect()
}
