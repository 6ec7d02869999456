//! `mkt authorize`

use serde_json::Value;
use uuid::Uuid;

use super::error::{Code, Failed};
use super::global::Global;
use super::output::{Printer, cell, table};
use super::resource::{Noun, id};
use crate::client::{Cause, Client, Failure};
use crate::core::field::Natural;
use crate::core::licensing::{Claimant, Decision, Request};
use crate::core::model::{Group, Product, User};
use crate::core::resource::Resource;

/// Ask whether a product may be used, and have the use counted
///
/// Ends with 7 when no licence allows it, and tells why on stderr. An answer that it may be used has a receipt, which
/// mkt verify-receipt checks without the marketplace.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// For whom, a user or a group by name or id, and the product; for nobody, it takes the permission products.authorize
    #[arg(value_names = ["USER|GROUP", "PRODUCT"], num_args = 1..=2, required = true)]
    names: Vec<String>,

    /// Look for a group of that name only, not for a user first
    #[arg(long)]
    group: bool,

    /// For how many uses
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..=i64::from(i32::MAX)))]
    quantity: i64,

    /// Only look: nothing is counted or recorded
    #[arg(long)]
    check: bool,

    /// Print the receipt alone
    #[arg(long, conflicts_with = "check")]
    receipt: bool,
}

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let client = global.client()?;
    let (claimant, product) = match args.names.as_slice() {
        [claimant, product] => (find_claimant(&client, claimant, args.group).await?, product),
        [product, ..] => (Claimant::Caller, product),
        [] => return Err(Failed::with_code(Code::Usage, "Name the product.")),
    };
    let product = id(&client, &Noun::of::<Product>(), Product::TABLE.path, product).await?;
    let request = Request { claimant, product: product.into(), quantity: Natural(args.quantity) };
    let decision = ask(&client, &args, request).await.map_err(refusal)?;
    match (&decision, args.receipt) {
        (Decision::Granted(grant), true) => printer.data(grant.receipt.as_deref().unwrap_or_default()),
        _ => {
            let decision = serde_json::to_value(&decision).map_err(|error| Failed::new(error.to_string()))?;
            printer.value(&decision, described, |decision| vec![cell(&decision["attempt_id"])])
        }
    }
}

async fn ask(client: &Client, args: &Args, request: Request) -> Result<Decision, Failure> {
    let ask = async |request: &Request| match args.check {
        true => client.check_authorization(request).await,
        false => client.authorize(request).await,
    };
    match ask(&request).await {
        // An id does not tell whose it is.
        Err(failure) if failure.cause == Cause::NotFound && !args.group => match as_group(&request) {
            Some(request) => {
                ask(&request).await.map_err(|again| if again.cause == Cause::NotFound { failure } else { again })
            }
            None => Err(failure),
        },
        answer => answer,
    }
}

/// The same for the group of that id.
fn as_group(request: &Request) -> Option<Request> {
    match request.claimant {
        Claimant::User(id) => Some(Request { claimant: Claimant::Group(id.uuid().into()), ..*request }),
        Claimant::Group(_) | Claimant::Caller => None,
    }
}

/// Whom a text names: a user, else a group.
async fn find_claimant(client: &Client, text: &str, group: bool) -> Result<Claimant, Failed> {
    let find_group = async || {
        let id: Uuid = id(client, &Noun::of::<Group>(), Group::TABLE.path, text).await?;
        Ok(Claimant::Group(id.into()))
    };
    if group {
        return find_group().await;
    }
    match id(client, &Noun::of::<User>(), User::TABLE.path, text).await {
        Ok(id) => Ok(Claimant::User(id.into())),
        Err(unknown) if unknown.code == Code::NotFound => find_group().await.map_err(|_: Failed| unknown),
        Err(failed) => Err(failed),
    }
}

/// A refusal with its reason, as programs have it.
fn refusal(failure: Failure) -> Failed {
    let reason = failure.problem["reason"].as_str().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let failed = Failed::from(failure);
    Failed { message: format!("{}{reason}", failed.message), ..failed }
}

fn described(decision: &Value) -> String {
    let rows = [
        "state",
        "valid_until",
        "granted_until",
        "remaining_uses",
        "conclusive",
        "entitlement_id",
        "id",
        "attempt_id",
        "evaluated_at",
    ];
    let name = |field: &str| if field == "id" { "claim_id".to_owned() } else { field.to_owned() };
    let told = rows.into_iter().filter(|field| !decision[*field].is_null());
    table(&[], told.map(|field| vec![name(field), cell(&decision[field])]))
}
