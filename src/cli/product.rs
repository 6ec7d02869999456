//! `mkt product`

use clap::Subcommand;
use serde_json::Value;
use uuid::Uuid;

use super::error::{Code, Failed};
use super::global::{Global, Output};
use super::output::{Printer, cell, excerpt, printable, table};
use crate::client::Client;
use crate::core::page::Page;

/// Look at products
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List products
    List(List),
    /// Show one product
    Show {
        /// Its name or id
        product: String,
    },
}

#[derive(Debug, clap::Args)]
struct List {
    /// The page, from 1
    #[arg(long, default_value_t = 1)]
    page: u32,

    /// Products on a page
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    per_page: u16,

    /// The field to sort by
    #[arg(long, value_name = "FIELD")]
    sort: Option<String>,

    /// In descending order
    #[arg(long)]
    descending: bool,

    /// Only products whose field has this value; may be repeated
    #[arg(long = "where", value_name = "FIELD=VALUE", value_parser = pair)]
    filters: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (field, value) = text.split_once('=').ok_or("write FIELD=VALUE, such as mime_type=application/smart.v1")?;
    Ok((field.to_owned(), value.to_owned()))
}

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let client = global.client()?;
    match args.action {
        Action::List(list) => {
            let mut parameters = vec![("page", list.page.to_string()), ("per_page", list.per_page.to_string())];
            parameters.extend(list.sort.map(|field| ("sort", field)));
            parameters.extend(list.descending.then(|| ("order", "descending".to_owned())));
            parameters.extend(list.filters.iter().map(|(field, value)| (field.as_str(), value.clone())));
            print_page(&client.products(&parameters).await?, printer)
        }
        Action::Show { product } => {
            let found = find(&client, &product).await?;
            printer.value(&found, describe, |found| vec![cell(&found["id"])])
        }
    }
}

/// The product of this name or id.
async fn find(client: &Client, product: &str) -> Result<Value, Failed> {
    if let Ok(id) = product.parse::<Uuid>() {
        return Ok(client.get(&format!("/products/{id}"), &[]).await?);
    }
    // A comma would separate alternatives.
    let part = product.split(',').next().unwrap_or_default().to_owned();
    let page = client.products(&[("name", part), ("per_page", "50".to_owned())]).await?;
    let named =
        page.results.iter().find(|found| found["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(product)));
    match (named, page.results.as_slice()) {
        (Some(found), _) | (None, [found]) => Ok(client.get(&format!("/products/{}", cell(&found["id"])), &[]).await?),
        (None, near) => {
            let failed = Failed::with_code(
                Code::NotFound,
                format!("There is no product named {product:?}, or you may not see it."),
            );
            let names: Vec<_> = near.iter().take(5).map(|near| cell(&near["name"])).collect();
            Err(if names.is_empty() {
                failed.hint("Search with: mkt search WORD")
            } else {
                failed.hint(format!("Did you mean: {}?", names.join(", ")))
            })
        }
    }
}

/// Prints a page of products.
pub fn print_page(page: &Page<Value>, printer: &Printer) -> Result<(), Failed> {
    let ids = |page: &Page<Value>| page.results.iter().map(|product| cell(&product["id"])).collect();
    printer.value(page, listed, ids)?;
    if printer.output == Output::Table && page.total_pages > 1 {
        printer.note(&format!(
            "Page {} of {}, {} products in all.",
            page.current_page, page.total_pages, page.total_entries
        ));
    }
    Ok(())
}

fn listed(page: &Page<Value>) -> String {
    if page.results.is_empty() {
        return "No products.".into();
    }
    let row = |product: &Value| {
        let about = excerpt(&cell(&product["description"]), 60);
        vec![
            cell(&product["name"]),
            cell(&product["latest_build"]["version"]),
            cell(&product["mime_type"]),
            about,
            cell(&product["id"]),
        ]
    };
    table(&["NAME", "VERSION", "TYPE", "ABOUT", "ID"], page.results.iter().map(row))
}

fn describe(product: &Value) -> String {
    let build = &product["latest_build"];
    let image = match (
        build["container_repository"].as_str(),
        build["container_digest"].as_str(),
        build["container_tag"].as_str(),
    ) {
        (Some(repository), Some(digest), _) => format!("{repository}@{digest}"),
        (Some(repository), None, Some(tag)) => format!("{repository}:{tag}"),
        (repository, ..) => repository.unwrap_or_default().to_owned(),
    };
    let rows = [
        ("name", cell(&product["name"])),
        ("id", cell(&product["id"])),
        ("type", cell(&product["mime_type"])),
        ("version", cell(&build["version"])),
        ("image", image),
        ("support", cell(&product["support_url"])),
        ("locale", cell(&product["locale"])),
        ("published", cell(&product["published_at"])),
        ("visible", cell(&product["visible_at"])),
        ("address", cell(&product["url"])),
    ];
    let rows =
        rows.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| vec![name.to_owned(), value]);
    let about = printable(&cell(&product["description"]));
    format!("{}\n\n{about}", table(&[], rows)).trim_end().to_owned()
}
