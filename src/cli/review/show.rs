//! `mkt review show`

use serde_json::{Value, json};

use super::{Found, revision};
use crate::cli::error::Failed;
use crate::cli::global::Output;
use crate::cli::output::{Printer, cell, excerpt, table};
use crate::cli::resource::{Noun, name_others};
use crate::core::model::Review;
use crate::core::package::{Difference, differences};

/// The longest value of those that differ.
const LONGEST: usize = 60;

impl Found<'_> {
    /// Prints all that a decision on the build takes.
    pub(super) async fn show(&self, printer: &Printer) -> Result<(), Failed> {
        let product = self.products().find(self.product).await?;
        let (build, etag) = self.builds().look(self.build).await?;
        let previous = self.previous(&product).await?;
        let history = format!("/products/{}/builds/{}/reviews", self.product, self.build);
        let mut history = self.client.collection_at::<Value>(history).list_all(&[]).await?.results;
        if printer.output == Output::Table {
            name_others(self.client, &Noun::of::<Review>(), &mut history).await;
        }
        let changes = previous.as_ref().map(|previous| differences(&previous["marketplace"], &build["marketplace"]));
        let shown = json!({
            "product": product, "build": build, "revision": revision(&etag), "history": history,
            "previous": previous.map(|previous| previous["version"].clone()), "differences": changes,
        });
        printer.value(&shown, described, |shown| vec![cell(&shown["build"]["id"])])
    }

    /// The build that is public now, if that is another.
    async fn previous(&self, product: &Value) -> Result<Option<Value>, Failed> {
        let latest = product["latest_build"]["id"].as_str().and_then(|id| id.parse().ok());
        match latest.filter(|latest| *latest != self.build) {
            Some(latest) => Ok(Some(self.builds().find(latest).await?)),
            None => Ok(None),
        }
    }
}

fn described(shown: &Value) -> String {
    let parts = [Some(facts(shown)), changes(shown), Some(history(shown))];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

fn facts(shown: &Value) -> String {
    let (product, build) = (&shown["product"], &shown["build"]);
    let manifest = &build["marketplace"]["product"];
    let names = |list: &Value| {
        let names = list.as_array().into_iter().flatten().map(|one| cell(&one["name"]));
        names.collect::<Vec<_>>().join(", ")
    };
    let image = match (cell(&build["container_repository"]), cell(&build["container_tag"])) {
        (repository, tag) if tag.is_empty() => repository,
        (repository, tag) => format!("{repository}:{tag}"),
    };
    let asset = match &build["asset_size"] {
        Value::Null => String::new(),
        size => format!("{} ({size} bytes, SHA-256 {})", cell(&build["asset_name"]), cell(&build["asset_sha256"])),
    };
    let rows = [
        ("product", cell(&product["name"])),
        ("version", cell(&build["version"])),
        ("revision", cell(&shown["revision"])),
        ("state", cell(&build["state"])),
        ("rejection", cell(&build["rejection"])),
        ("yank_reason", cell(&build["yank_reason"])),
        ("description", excerpt(&cell(&product["description"]), 200)),
        ("type", cell(&product["mime_type"])),
        ("organization", names(&manifest["facts"]["organization"])),
        ("licensing", names(&manifest["facts"]["licensing"])),
        ("image", image),
        ("digest", cell(&build["container_digest"])),
        ("asset", asset),
        ("signature", signature(build)),
        ("url", cell(&build["url"])),
    ];
    let told = rows.into_iter().filter(|(_, value)| !value.is_empty());
    table(&[], told.map(|(name, value)| vec![name.to_owned(), value]))
}

fn signature(build: &Value) -> String {
    let key = &build["signed_by"];
    match (build["signature"].is_null(), key.is_null(), key["revoked_at"].is_null()) {
        (true, ..) => "none".to_owned(),
        (_, true, _) => "by a key that the marketplace knows no more".to_owned(),
        (_, _, true) => format!("by the key {} ({})", cell(&key["name"]), cell(&key["fingerprint"])),
        (_, _, false) => format!("by the key {}, revoked {}", cell(&key["name"]), cell(&key["revoked_at"])),
    }
}

/// What differs from the build that is public; nothing where none is.
fn changes(shown: &Value) -> Option<String> {
    let changes: Vec<Difference> = serde_json::from_value(shown["differences"].clone()).ok()?;
    let previous = cell(&shown["previous"]);
    if changes.is_empty() {
        return Some(format!("The manifest is that of {previous}."));
    }
    let side = |value: &Value| excerpt(&value.to_string(), LONGEST);
    let rows = changes.iter().map(|change| vec![change.field.clone(), side(&change.from), side(&change.to)]);
    Some(table(&["FIELD", &format!("IN {previous}"), "NOW"], rows))
}

fn history(shown: &Value) -> String {
    let entries = shown["history"].as_array().into_iter().flatten();
    let row = |entry: &Value| ["created_at", "verdict", "user_id", "remark"].map(|field| cell(&entry[field])).to_vec();
    table(&["WHEN", "VERDICT", "BY", "REMARK"], entries.map(row))
}
