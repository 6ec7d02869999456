//! `mkt review`

mod show;

use clap::Subcommand;
use serde_json::{Value, json};
use uuid::Uuid;

use super::ask;
use super::error::{Code, Failed};
use super::global::{Global, Output};
use super::output::{Printer, cell, table};
use super::resource::{Noun, id, name_others};
use crate::client::{Client, Collection};
use crate::core::field::Remark;
use crate::core::model::{Build, Product, Review};
use crate::core::page::Page;
use crate::core::resource::Resource;

/// Review builds before they are published
///
/// mkt publish and mkt build submit hand them in; the permissions builds.validate and builds.publish decide.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the builds that wait for a decision, yours or that you may decide on, the oldest first
    List {
        /// How many to show
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
    },
    /// Show a build: what it is, what differs from the one that is public, and who decided what
    Show(Item),
    /// Vouch for a build
    Validate(Decision),
    /// Turn a build down; its vendor can change it and submit it again
    Reject {
        #[command(flatten)]
        decision: Decision,

        /// Why, for its vendor
        #[arg(long, value_name = "TEXT")]
        reason: Remark,
    },
    /// Publish a build, and its product if that is not public yet
    Publish(Decision),
}

#[derive(Debug, clap::Args)]
struct Decision {
    #[command(flatten)]
    item: Item,

    /// Decide only on what you have seen: the revision that mkt review show tells
    #[arg(long)]
    revision: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Item {
    /// The product, by name or id, and the version of its build, or that's id
    #[arg(value_name = "PRODUCT@VERSION")]
    build: String,
}

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let client = global.client()?;
    match args.verb {
        Verb::List { limit } => list(&client, limit, printer).await,
        Verb::Show(item) => item.find(&client).await?.show(printer).await,
        Verb::Validate(decision) => decision.item.find(&client).await?.validate(&decision, global, printer).await,
        Verb::Reject { decision, reason } => {
            let found = decision.item.find(&client).await?;
            let (_, etag) = found.seen(&decision).await?;
            let builds = found.builds().as_seen(etag);
            let build = builds.act_with(found.build, "reject", &json!({ "reason": reason })).await?;
            told(&build, "Rejected", found.name, printer)
        }
        Verb::Publish(decision) => decision.item.find(&client).await?.publish(&decision, global, printer).await,
    }
}

async fn list(client: &Client, limit: u16, printer: &Printer) -> Result<(), Failed> {
    let reviews = client.collection_at::<Value>(Review::TABLE.path.to_owned());
    let mut page = reviews.list(&[("waiting", "true".to_owned()), ("per_page", limit.to_string())]).await?;
    if printer.output == Output::Table {
        name_others(client, &Noun::of::<Review>(), &mut page.results).await;
    }
    let ids = |page: &Page<Value>| page.results.iter().map(|entry| cell(&entry["build_id"])).collect();
    printer.value(&page, rows, ids)?;
    if page.total_pages > 1 {
        printer.warn(&format!("These are the first {} of {}.", page.results.len(), page.total_entries));
    }
    Ok(())
}

fn rows(page: &Page<Value>) -> String {
    if page.results.is_empty() {
        return "No builds wait for a decision.".to_owned();
    }
    let row = |entry: &Value| {
        let build = &entry["build"];
        let product = if build["product_name"].is_null() { &build["product_id"] } else { &build["product_name"] };
        let done = |at: &str| if build[at].is_null() { "" } else { "yes" }.to_owned();
        vec![
            cell(product),
            cell(&build["version"]),
            cell(&entry["created_at"]),
            cell(&entry["user_id"]),
            done("checked_at"),
            done("validated_at"),
        ]
    };
    table(&["PRODUCT", "VERSION", "SINCE", "BY", "CHECKED", "VALIDATED"], page.results.iter().map(row))
}

impl Item {
    /// The build that is meant.
    async fn find<'a>(&'a self, client: &'a Client) -> Result<Found<'a>, Failed> {
        let (product, version) = self.build.rsplit_once('@').ok_or_else(|| {
            Failed::with_code(Code::Usage, format!("{:?} names no version.", self.build))
                .hint("Write PRODUCT@VERSION, as mkt review list shows them.")
        })?;
        let product = id(client, &Noun::of::<Product>(), Product::TABLE.path, product).await?;
        let path = Build::TABLE.path_under(&[product]);
        let build = id(client, &Noun::of::<Build>(), &path, version).await?;
        Ok(Found { client, name: &self.build, product, build })
    }
}

/// A build of a product.
struct Found<'a> {
    client: &'a Client,
    /// As it was typed.
    name: &'a str,
    product: Uuid,
    build: Uuid,
}

impl Found<'_> {
    fn products(&self) -> Collection<'_, Value> {
        self.client.collection_at(Product::TABLE.path.to_owned())
    }

    fn builds(&self) -> Collection<'_, Value> {
        self.client.collection_at(Build::TABLE.path_under(&[self.product]))
    }

    /// The build as it is now, which must be the revision that was decided on, and the entity tag of that.
    async fn seen(&self, decision: &Decision) -> Result<(Value, String), Failed> {
        let (build, etag) = self.builds().look(self.build).await?;
        match &decision.revision {
            Some(wanted) if *wanted != revision(&etag) => {
                let message = format!("{} has changed since the revision {wanted}.", self.name);
                let hint = format!("Look at it again: mkt review show {:?}", self.name);
                Err(Failed::with_code(Code::Conflict, message).hint(hint))
            }
            _ => Ok((build, etag)),
        }
    }

    async fn validate(&self, decision: &Decision, global: &Global, printer: &Printer) -> Result<(), Failed> {
        let (build, etag) = self.seen(decision).await?;
        agreed(global, format!("Vouch for {} ({})?", self.name, artifact(&build))).await?;
        told(&self.builds().as_seen(etag).act(self.build, "validate").await?, "Validated", self.name, printer)
    }

    /// The build first: a product that becomes visible shows it at once.
    async fn publish(&self, decision: &Decision, global: &Global, printer: &Printer) -> Result<(), Failed> {
        let (build, etag) = self.seen(decision).await?;
        let hidden = self.products().find(self.product).await?["published_at"].is_null();
        let also = if hidden { ", and its product, which nobody sees yet" } else { "" };
        agreed(global, format!("Publish {} ({}){also}?", self.name, artifact(&build))).await?;
        let build = self.builds().as_seen(etag).act(self.build, "publish").await?;
        if hidden {
            self.products().act(self.product, "publish").await.map_err(|failure| {
                let hint = format!("The build is published, its product is not: mkt product publish {}", self.product);
                Failed::from(failure).hint(hint)
            })?;
        }
        told(&build, "Published", self.name, printer)
    }
}

/// What people call the state of a build, that a decision is about.
fn revision(etag: &str) -> &str {
    etag.trim_start_matches("W/").trim_matches('"')
}

/// What a build runs or consists of.
fn artifact(build: &Value) -> String {
    let image = ["container_repository", "container_digest"].map(|field| cell(&build[field]));
    match image {
        [repository, digest] if !repository.is_empty() => {
            format!("{repository}@{digest}").trim_end_matches('@').to_owned()
        }
        _ => cell(&build["asset_name"]),
    }
}

/// Nothing, unless there is somebody to ask who says no.
async fn agreed(global: &Global, prompt: String) -> Result<(), Failed> {
    if !ask::possible(global) || ask::confirmed(prompt, true).await? {
        return Ok(());
    }
    Err(Failed::with_code(Code::Interrupted, "Nothing was decided."))
}

/// Tells what was done.
fn told(build: &Value, what: &str, name: &str, printer: &Printer) -> Result<(), Failed> {
    if printer.output == Output::Table {
        printer.note(&format!("{what}: {name}"));
        return Ok(());
    }
    printer.value(build, |_| String::new(), |build| vec![cell(&build["id"])])
}
