//! What can be said of some resources only: vouchers are issued and redeemed, attempts summed up.

use clap::{ArgMatches, Args as _, Command, FromArgMatches, ValueEnum};
use serde_json::{Map, Value, json};

use super::noun::Noun;
use super::{fields, find, print};
use crate::cli::error::{Code, Failed};
use crate::cli::output::{Printer, cell, table};
use crate::client::Client;
use crate::core::clock::Timestamp;
use crate::core::model::{Attempt, Claim, License, Product, ProductLicense, User, Voucher};
use crate::core::page::Page;
use crate::core::resource::Resource;

/// A verb of one resource.
#[derive(Debug)]
pub enum Own {
    Issue(Issue),
    Redeem(Redeem),
    Summary(Summary),
}

// Without doc comments, which would be the help texts of the verbs.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Issue {
    /// The id of the offer; or name it by its product and its licence
    #[arg(required_unless_present_all = ["product", "license"], conflicts_with_all = ["product", "license"])]
    offer: Option<String>,

    /// The product of the offer, by name or id
    #[arg(long, value_name = "NAME|ID", requires = "license")]
    product: Option<String>,

    /// The licence of the offer, by name or id
    #[arg(long, value_name = "NAME|ID", requires = "product")]
    license: Option<String>,

    /// How many
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=Voucher::MOST_AT_ONCE as i64))]
    count: u16,

    /// Until when they can be redeemed, such as 2027-01-31
    #[arg(long, value_name = "TIME")]
    expires_at: Option<Timestamp>,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Redeem {
    /// Its code, or its id
    code: String,

    /// Give the entitlement to another user, by name or id
    #[arg(long, value_name = "NAME|ID", conflicts_with = "claim")]
    user: Option<String>,

    /// Claim the entitlement for yourself, too, so that products find it
    #[arg(long)]
    claim: bool,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Summary {
    /// What to sum up by
    #[arg(long, value_enum)]
    by: By,

    /// Only attempts from this time on
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,

    /// Only attempts before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,

    /// Only those whose field has this value; may be repeated
    #[arg(long = "where", value_name = "FIELD=VALUE", value_parser = super::command::filter)]
    filters: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    /// The product.
    Product,
    /// The user or group.
    Claimant,
    /// The day, of UTC.
    Day,
}

/// The commands of a noun.
pub fn commands(noun: &Noun) -> Vec<Command> {
    let command = |verb: &'static str, about: &'static str| Command::new(verb).about(about);
    match noun.table.name {
        name if name == Voucher::TABLE.name => vec![
            Issue::augment_args(command("issue", "Make one or many for an offer, with codes of their own")),
            Redeem::augment_args(command("redeem", "Turn a code into an entitlement, for yourself or as a gift")),
        ],
        name if name == Attempt::TABLE.name => {
            vec![Summary::augment_args(command("summary", "Sum them up, for bills and for whoever looks for fraud"))]
        }
        _ => Vec::new(),
    }
}

/// What was typed, if it is one of these verbs.
pub fn of_matches(verb: &str, matches: &ArgMatches) -> Result<Option<Own>, clap::Error> {
    Ok(match verb {
        "issue" => Some(Own::Issue(Issue::from_arg_matches(matches)?)),
        "redeem" => Some(Own::Redeem(Redeem::from_arg_matches(matches)?)),
        "summary" => Some(Own::Summary(Summary::from_arg_matches(matches)?)),
        _ => None,
    })
}

pub async fn run(own: Own, client: &Client, printer: &Printer) -> Result<(), Failed> {
    match own {
        Own::Issue(issue) => issue.run(client, printer).await,
        Own::Redeem(redeem) => redeem.run(client, printer).await,
        Own::Summary(summary) => summary.run(client, printer).await,
    }
}

impl Issue {
    async fn run(&self, client: &Client, printer: &Printer) -> Result<(), Failed> {
        let mut fields = Map::from_iter([
            ("product_license_id".to_owned(), json!(self.offer(client).await?)),
            ("count".to_owned(), json!(self.count)),
        ]);
        fields.extend(self.expires_at.map(|end| ("expires_at".to_owned(), json!(end))));
        let made: Page<Value> = client.collection_at(Voucher::TABLE.path.to_owned()).create(&fields).await?;
        print::page(&Noun::of::<Voucher>(), &made, printer)
    }

    async fn offer(&self, client: &Client) -> Result<String, Failed> {
        let (Some(product), Some(license)) = (&self.product, &self.license) else {
            return Ok(self.offer.clone().unwrap_or_default());
        };
        let product_id = find::id(client, &Noun::of::<Product>(), Product::TABLE.path, product).await?;
        let license_id = find::id(client, &Noun::of::<License>(), License::TABLE.path, license).await?;
        let offers = client.collection_at::<Value>(ProductLicense::TABLE.path_under(&[product_id]));
        let found = offers.list(&[("license_id", license_id.to_string())]).await?.results;
        let unknown = || {
            let message = format!("The product {product:?} is not offered under the licence {license:?}.");
            Failed::with_code(Code::NotFound, message)
                .hint(format!("What there is: mkt offer list --product {product:?}"))
        };
        found.first().map(|offer| cell(&offer["id"])).ok_or_else(unknown)
    }
}

impl Redeem {
    async fn run(&self, client: &Client, printer: &Printer) -> Result<(), Failed> {
        let mut fields = Map::new();
        if let Some(user) = &self.user {
            let id = find::id(client, &Noun::of::<User>(), User::TABLE.path, user).await?;
            fields.insert("user_id".to_owned(), json!(id));
        }
        let redeemed = client.redeem_voucher(&self.code, &fields).await?;
        let entitlement = cell(&redeemed["entitlement_id"]);
        if self.claim {
            let claim = json!({
                "entitlement_id": entitlement, "claimant_type": "User", "claimant_id": redeemed["redeemed_by"],
            });
            let path = Claim::TABLE.flat.unwrap_or(Claim::TABLE.path).to_owned();
            client.collection_at::<Value>(path).create(&claim).await?;
        }
        print::record(&Noun::of::<Voucher>(), &redeemed, printer)?;
        match (&self.user, self.claim) {
            (None, false) => printer.note(&format!(
                "Products find it once it is claimed, with: mkt claim create --entitlement {entitlement} --set \
                 claimant_type=User --set claimant_id={}",
                cell(&redeemed["redeemed_by"])
            )),
            (None, true) => printer.note("Claimed: products find it."),
            (Some(user), _) => printer.note(&format!("The entitlement is now {user}'s, who may claim it.")),
        }
        Ok(())
    }
}

impl Summary {
    async fn run(&self, client: &Client, printer: &Printer) -> Result<(), Failed> {
        let by = match self.by {
            By::Product => "product",
            By::Claimant => "claimant",
            By::Day => "day",
        };
        let filters = fields::of_filters(client, &Noun::of::<Attempt>(), &self.filters).await?;
        let mut parameters = vec![("by", by.to_owned()), ("per_page", "1000".to_owned())];
        parameters.extend(filters.iter().map(|(name, value)| (name.as_str(), value.clone())));
        parameters.extend(self.since.map(|since| ("since", since.to_string())));
        parameters.extend(self.until.map(|until| ("until", until.to_string())));
        let page: Page<Value> = client.get("/attempts/summary", &parameters).await?;
        let keys: &[&str] = match self.by {
            By::Product => &["product_id"],
            By::Claimant => &["claimant_type", "claimant_id"],
            By::Day => &["day"],
        };
        let columns: Vec<&str> = keys.iter().copied().chain(["granted", "refused", "quantity"]).collect();
        let rows = |page: &Page<Value>| {
            let header: Vec<String> = columns.iter().map(|column| column.to_uppercase()).collect();
            let header: Vec<&str> = header.iter().map(String::as_str).collect();
            table(&header, page.results.iter().map(|row| columns.iter().map(|column| cell(&row[*column])).collect()))
        };
        let ids = |page: &Page<Value>| page.results.iter().map(|row| cell(&row[keys[keys.len() - 1]])).collect();
        printer.value(&page, rows, ids)?;
        if page.total_pages > 1 {
            printer.warn(&format!("These are the first {} of {}.", page.results.len(), page.total_entries));
        }
        Ok(())
    }
}
