//! The publishing pipeline: from a folder to a published build, with its files and its signature.

mod files;
mod hostile;
mod killed;
mod registry;
mod resumed;
mod signing;
mod together;
mod waiting;

use std::path::{Path, PathBuf};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::http::forms::picture;
use crate::support::{Manifest, Server};

/// A package with files: an asset of so many bytes, a logo, two screenshots.
pub struct Rich {
    pub manifest: Manifest,
    pub folder: PathBuf,
}

impl Rich {
    pub fn new(name: &str, size: usize, folder: &Path) -> Self {
        let mut manifest = Manifest::new(name, "1.0.0");
        let build = &mut manifest.0["product"]["build"];
        build["asset"] = json!("files/guide.pdf");
        build["logo"] = json!("logo.png");
        build["screenshots"] =
            json!([{ "path": "one.png", "caption": "One" }, { "path": "two.png", "caption": "Two" }]);
        std::fs::create_dir_all(folder.join("files")).unwrap();
        let bytes: Vec<u8> = (0..size).map(|place| (place * 31 % 251) as u8).collect();
        std::fs::write(folder.join("files/guide.pdf"), bytes).unwrap();
        for (file, colour) in [("logo.png", [200, 0, 0]), ("one.png", [0, 200, 0]), ("two.png", [0, 0, 200])] {
            std::fs::write(folder.join(file), picture(30, 20, colour)).unwrap();
        }
        manifest.write(folder);
        Self { manifest, folder: folder.to_owned() }
    }

    /// Writes the manifest as it is now.
    pub fn save(&self) {
        self.manifest.write(&self.folder);
    }

    pub fn path(&self) -> &str {
        self.folder.to_str().unwrap()
    }

    /// The build's path.
    pub fn build(&self) -> String {
        format!("/products/{}/builds/{}", self.manifest.product(), self.manifest.build())
    }
}

/// All that a package has made, without ids and times.
pub async fn state(server: &Server, package: &Rich) -> Value {
    let build = server.get(&package.build()).await;
    let product = server.get(&format!("/products/{}", package.manifest.product())).await;
    let under = async |path: &str| server.get(&format!("{path}?per_page=100")).await["results"].clone();
    let named = |list: &Value, fields: &[&str]| -> Vec<Value> {
        let entry = |entry: &Value| fields.iter().map(|field| entry[*field].clone()).collect();
        let mut entries: Vec<Value> = list.as_array().unwrap().iter().map(entry).collect();
        entries.sort_by_key(Value::to_string);
        entries
    };
    let product_path = format!("/products/{}", package.manifest.product());
    let configurations = under(&format!("{}/configurations", package.build())).await;
    let tasks = format!("{}/configurations/{}/tasks", package.build(), configurations[0]["id"].as_str().unwrap());
    json!({
        "product": { "published": product["published_at"].is_string(), "offers": product["product_licenses"].as_array().map(Vec::len) },
        "build": {
            "published": build["published_at"].is_string(), "signed": build["signature"].is_string(),
            "asset": [&build["asset_name"], &build["asset_media_type"]], "sha256": build["asset_sha256"],
        },
        "logo": named(&under(&format!("{product_path}/logos")).await, &["image_sha256", "image_media_type"]),
        "screenshots": named(&under(&format!("{product_path}/screenshots")).await, &["caption", "image_sha256"]),
        "configurations": named(&configurations, &["name", "default"]),
        "tasks": named(&under(&tasks).await, &["name", "ports", "memory"]),
    })
}

/// Somebody without any role.
pub struct Vendor {
    pub id: String,
    pub token: String,
}

impl Vendor {
    pub async fn new(server: &Server, name: &str) -> Self {
        let id = server.create("/users", json!({ "name": name })).await["id"].as_str().unwrap().to_owned();
        let token = json!({ "name": "tests", "expires_at": "2999-01-01" });
        let token = server.create(&format!("/users/{id}/tokens"), token).await["token"].as_str().unwrap().to_owned();
        Self { id, token }
    }

    pub fn request(&self, server: &Server, method: Method, path: &str) -> RequestBuilder {
        server.anonymous(method, path).bearer_auth(&self.token)
    }
}
