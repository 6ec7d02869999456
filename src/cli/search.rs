//! `mkt search`

use super::error::Failed;
use super::global::Global;
use super::output::Printer;
use super::resource::{Noun, print_page};
use crate::core::model::Product;
use crate::core::resource::Resource;

/// Search the catalogue
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Words, or starts of words, of names and descriptions
    #[arg(required = true)]
    text: Vec<String>,

    /// How many to show
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
}

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let parameters = [("text", args.text.join(" ")), ("per_page", args.limit.to_string())];
    let page = global.client()?.collection_at(Product::TABLE.path.to_owned()).list(&parameters).await?;
    print_page(&Noun::of::<Product>(), &page, printer)
}
