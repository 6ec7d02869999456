//! Attempts summed up, for bills and for whoever looks for fraud.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::core::Result;
use crate::core::access::{Caller, Verb, push_scope};
use crate::core::db::{Db, FromRow, Statement};
use crate::core::field::choice::choice;
use crate::core::id::Id;
use crate::core::model::{Attempt, PartyType, Product};
use crate::core::page::Page;
use crate::core::resource::{Query, Resource};

choice! {
    /// What attempts are summed up by.
    By {
        /// The product.
        Product = "product",
        /// The user or group.
        Claimant = "claimant",
        /// The day, of UTC.
        Day = "day",
    }
}

/// The sum of some attempts. Only what they were summed up by is there.
#[derive(Debug, Clone, FromRow, Serialize, Deserialize)]
pub struct Summary {
    /// The product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<Id<Product>>,
    /// What kind of claimant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimant_type: Option<PartyType>,
    /// The user or group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimant_id: Option<Uuid>,
    /// The day, such as `2026-01-31`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// How many were granted.
    pub granted: i64,
    /// How many were refused.
    pub refused: i64,
    /// How many uses were granted.
    pub quantity: i64,
}

/// The attempts that a caller may read and that a query leaves, summed up; a page of it.
///
/// # Errors
/// When a parameter does not hold, or the database is away.
pub async fn summary(db: &Db, caller: &Caller, by: By, query: &Query) -> Result<Page<Summary>> {
    let day = db.dialect().day("attempts.created_at");
    let (product, kind, claimant, on) =
        ("cast(null as uuid)", "cast(null as text)", "cast(null as uuid)", "cast(null as text)");
    let (keys, groups) = match by {
        By::Product => (["attempts.product_id", kind, claimant, on], "attempts.product_id".to_owned()),
        By::Claimant => (
            [product, "attempts.claimant_type", "attempts.claimant_id", on],
            "attempts.claimant_type, attempts.claimant_id".to_owned(),
        ),
        By::Day => ([product, kind, claimant, &day], day.clone()),
    };
    let push_groups = |statement: &mut Statement| {
        statement.push(" from attempts where ");
        push_scope(&Attempt::TABLE, caller, Verb::Read, statement);
        query.push_conditions::<Attempt>(db.dialect(), caller, false, statement)?;
        statement.push(" group by ").push(&groups);
        Ok::<(), crate::core::Error>(())
    };
    let mut count = Statement::new("select count(*) from (select 1");
    push_groups(&mut count)?;
    count.push(") as groups");
    let total = db.scalar(count).await?;
    let mut select = Statement::new("select ");
    for (key, name) in keys.iter().zip(["product_id", "claimant_type", "claimant_id", "day"]) {
        select.push(&format!("{key} as {name}, "));
    }
    select.push(
        "count(*) filter (where outcome = 'granted') as granted, count(*) filter (where outcome = 'refused') as refused, \
         cast(coalesce(sum(quantity) filter (where outcome = 'granted'), 0) as bigint) as quantity",
    );
    push_groups(&mut select)?;
    select.push(" order by ").push(&groups).push(" limit ").push_arg(query.per_page);
    select.push(" offset ").push_arg((query.page - 1).saturating_mul(query.per_page));
    Ok(Page::new(db.all(select).await?, total, query.page, query.per_page))
}
