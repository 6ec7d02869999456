//! `mkt plan`

use super::error::{Code, Failed};
use super::global::Global;
use super::output::{Printer, table};
use super::resource::{self, Bindings, Noun};
use crate::core::deployment::{Need, Plan, Planned};
use crate::core::model::Platform;
use crate::core::resource::Resource;

/// Show what is to run on a platform, who gives whom what, and what is in the way; with a product, what would be if it were
/// deployed
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A product to think of, by name or id, with @VERSION for a build that is not the newest
    #[arg(value_name = "PRODUCT[@VERSION]")]
    product: Option<String>,

    /// The platform, by name or id
    #[arg(long, value_name = "NAME|ID", env = "MKT_PLATFORM_ID")]
    platform: String,

    #[command(flatten)]
    bindings: Bindings,
}

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let client = global.client()?;
    let flat = Platform::TABLE.flat.unwrap_or(Platform::TABLE.path);
    let platform = resource::id(&client, &Noun::of::<Platform>(), flat, &args.platform).await?;
    let Some(product) = &args.product else { return print(&client.plan(platform).await?, printer) };
    let proposal = resource::proposal(&client, product, &args.bindings).await?;
    let plan = client.propose(platform, &proposal).await?;
    print(&plan, printer)?;
    let hindered = plan.instances.last().filter(|planned| !planned.deployed && hindrance(planned).is_some());
    match hindered {
        Some(planned) => Err(Failed::with_code(Code::Failed, format!("{} could not run there.", planned.title()))),
        None => Ok(()),
    }
}

/// Prints a plan.
pub fn print(plan: &Plan, printer: &Printer) -> Result<(), Failed> {
    let rows = |plan: &Plan| {
        let header = ["PRODUCT", "VERSION", "WANTED", "STATE", "NEEDS", "IN THE WAY", "ID"];
        table(&header, plan.instances.iter().map(row))
    };
    printer.value(plan, rows, |plan| plan.instances.iter().map(|planned| planned.id.to_string()).collect())?;
    for planned in plan.instances.iter().filter(|planned| planned.update.is_some()) {
        let newer = planned.update.as_ref().map(|build| build.name.as_str()).unwrap_or_default();
        printer.note(&format!("{} can be updated to {newer}.", planned.title()));
    }
    Ok(())
}

fn row(planned: &Planned) -> Vec<String> {
    let (state, id) = match planned.deployed {
        true => (planned.state.word().to_owned(), planned.id.to_string()),
        false => ("proposed".to_owned(), String::new()),
    };
    let needs: Vec<String> = planned.needs.iter().map(need).collect();
    vec![
        planned.product.name.clone(),
        planned.build.version.clone(),
        planned.wanted.word().to_owned(),
        state,
        needs.join("\n"),
        hindrance(planned).unwrap_or_default(),
        id,
    ]
}

fn need(need: &Need) -> String {
    match (&need.provider_name, need.required) {
        (Some(provider), _) => format!("{} ← {provider}", need.name),
        (None, true) => format!("{} ← nothing here", need.name),
        (None, false) => format!("{} (optional)", need.name),
    }
}

/// What keeps an instance from running.
fn hindrance(planned: &Planned) -> Option<String> {
    let all: Vec<&str> = planned.blocked.iter().chain(&planned.problems).map(String::as_str).collect();
    (!all.is_empty()).then(|| all.join("\n"))
}
