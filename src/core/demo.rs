//! A small catalogue to look at, for `mkt serve --demo`: fictional packages, published as any other.

use super::access::Caller;
use super::db::Db;
use super::{Result, package, seed};

const PACKAGES: &[&str] = &[
    include_str!("demo/antibiotic-stewardship-cql.json"),
    include_str!("demo/deidentification.json"),
    include_str!("demo/discharge-leaflets.json"),
    include_str!("demo/growth-charts.json"),
    include_str!("demo/hl7v2-bridge.json"),
    include_str!("demo/recovery-diary.json"),
    include_str!("demo/renal-dosing-hooks.json"),
    include_str!("demo/retina-grading.json"),
    include_str!("demo/terminology-server.json"),
    include_str!("demo/ward-flow.json"),
];

/// Fills a marketplace without products, once in its life; whether it did.
///
/// # Errors
/// When the database refuses or is away.
pub async fn run(db: &Db) -> Result<bool> {
    let caller = Caller::administrator("".into());
    let tx = db.begin().await?;
    if tx.exists(crate::sql!("select 1 from products limit 1")).await? || !seed::once(&tx, "demonstrated").await? {
        return Ok(false);
    }
    for text in PACKAGES {
        package::apply(&tx, &caller, package::check(text)?).await?;
    }
    tx.commit().await?;
    Ok(true)
}
