//! The HTTP API, driven through the real binary on both databases.

mod access;
mod caching;
mod cases;
mod checks;
mod deployments;
mod events;
mod families;
mod files;
mod forgery;
pub mod forms;
mod guard;
mod hostile;
mod house;
mod labels;
mod listing;
mod matrix;
mod owners;
mod packages;
mod problems;
mod queries;
mod repeats;
mod resources;
mod review;
mod rights;
mod search;
pub mod sessions;
mod sign_in;
mod status;
mod texts;
mod throttle;

use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::support::Server;

/// What came back for a request, read to its end.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.text().await.unwrap() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.body))
    }

    /// The headers but for those that differ each time.
    fn telling(&self) -> Vec<String> {
        let headers = self.headers.iter().filter(|(name, _)| !matches!(name.as_str(), "x-request-id" | "date"));
        headers.map(|(name, value)| format!("{name}: {value:?}")).collect()
    }

    /// A header, blank when it is not there.
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A product with one of everything below it: the paths of all, from the product down.
struct Tree {
    product: String,
    build: String,
    items: Vec<String>,
}

impl Tree {
    async fn plant(server: &Server, product: Value) -> Self {
        let [license, interface] = [first(server, "/licenses").await, first(server, "/interfaces").await];
        let create = async |path: &str, body: Value| text(&server.create(path, body).await, "path");
        let product = create("/products", product).await;
        let offer = create(&format!("{product}/licenses"), json!({ "license_id": license })).await;
        let build = create(&format!("{product}/builds"), json!({ "version": "1.0.0", "container_tag": "one" })).await;
        let dependency = create(&format!("{build}/dependencies"), json!({ "interface_id": interface })).await;
        let exposure = create(&format!("{build}/exposures"), json!({ "interface_id": interface })).await;
        let parameter = create(&format!("{exposure}/parameters"), json!({ "name": "base_url" })).await;
        let configuration = create(&format!("{build}/configurations"), json!({ "name": "default" })).await;
        let task = create(&format!("{configuration}/tasks"), json!({ "name": "web" })).await;
        let items = vec![product.clone(), offer, build.clone(), dependency, exposure, parameter, configuration, task];
        Self { product, build, items }
    }

    async fn publish(&self, server: &Server) {
        for path in [&self.build, &self.product] {
            post(server, &format!("{path}/publish")).await;
        }
    }
}

/// The id of the first entry of an index.
async fn first(server: &Server, path: &str) -> Value {
    server.get(path).await["results"][0]["id"].clone()
}

/// The administrator's POST without a body, which must succeed.
async fn post(server: &Server, path: &str) -> Value {
    let answer = Answer::to(server.request(reqwest::Method::POST, path)).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

/// A text field.
fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no text {field} in {value}")).to_owned()
}

/// The last segment of a path.
fn id_in(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

/// A field of each entry of an index.
fn column(page: &Value, field: &str) -> Vec<Value> {
    let entries = page["results"].as_array().unwrap_or_else(|| panic!("no page: {page}"));
    entries.iter().map(|entry| entry[field].clone()).collect()
}
