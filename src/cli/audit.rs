//! `mkt audit`

use super::error::Failed;
use super::global::Global;
use super::output::Printer;
use super::resource::{Noun, print_page};
use crate::core::model::AuditEvent;
use crate::core::resource::Resource;

/// Tell who changed what, the latest first. Takes the permission audit.read
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only what this user did, by id
    #[arg(long, value_name = "ID")]
    user: Option<String>,

    /// Only what was done to this, by id
    #[arg(long, value_name = "ID")]
    of: Option<String>,

    /// Only what was done to things of this kind, such as role or product
    #[arg(long, value_name = "RESOURCE")]
    resource: Option<String>,

    /// Only this: create, update, delete, sign_in or sign_out
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,

    /// Only what was done from this instant on, such as 2026-01-31 or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Only what was done before this instant
    #[arg(long, value_name = "TIME")]
    until: Option<String>,

    /// How many to show
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
}

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let filters = [
        ("user_id", args.user),
        ("resource_id", args.of),
        ("resource_type", args.resource),
        ("action", args.action),
        ("since", args.since),
        ("until", args.until),
    ];
    let mut parameters: Vec<(&str, String)> =
        filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    parameters.extend([
        ("sort", "created_at".to_owned()),
        ("order", "descending".to_owned()),
        ("per_page", args.limit.to_string()),
    ]);
    let page = global.client()?.collection_at(AuditEvent::TABLE.path.to_owned()).list(&parameters).await?;
    print_page(&Noun::of::<AuditEvent>(), &page, printer)
}
