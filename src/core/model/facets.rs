//! What the products that are found have in common, to narrow a search down by: how many there are of each kind, domain, licence and
//! badge.

use serde::Serialize;
use uuid::Uuid;

use super::Product;
use crate::core::Result;
use crate::core::access::Caller;
use crate::core::db::{Db, Row, Statement};
use crate::core::resource::{Query, push_found};

/// The most values of a facet that are answered.
const MOST: i64 = 100;

/// The facets of products, each with its values, the most frequent first. What is chosen of a facet does not narrow that itself down.
#[derive(Debug, Serialize)]
pub struct Facets {
    /// Their media types.
    pub mime_type: Vec<Value>,
    /// Their medical domains.
    pub domain: Vec<Value>,
    /// The licences that they are offered under.
    pub license_id: Vec<Value>,
    /// Their badges.
    pub badge_id: Vec<Value>,
}

/// A value of a facet.
#[derive(Debug, Serialize)]
pub struct Value {
    /// What the filter of the facet's name takes.
    pub value: String,
    /// What it is called, if not that.
    pub name: Option<String>,
    /// How many products have it.
    pub count: i64,
}

impl From<(String, i64)> for Value {
    fn from((value, count): (String, i64)) -> Self {
        Self { value, name: None, count }
    }
}

impl From<(Uuid, String, i64)> for Value {
    fn from((id, name, count): (Uuid, String, i64)) -> Self {
        Self { value: id.to_string(), name: Some(name), count }
    }
}

impl Facets {
    /// The facets of the products that a caller may read and that a query leaves.
    ///
    /// # Errors
    /// When a value of the query does not parse, or the database is away.
    pub async fn of(db: &Db, caller: &Caller, query: &Query) -> Result<Self> {
        let texts = async |name: &str, column: &str, from: &str| {
            values::<(String, i64)>(db, caller, &query.without(name), column, from).await
        };
        let records = async |name: &str, table: &str, from: &str| {
            let columns = format!("{table}.id, {table}.name");
            values::<(Uuid, String, i64)>(db, caller, &query.without(name), &columns, from).await
        };
        Ok(Self {
            mime_type: texts("mime_type", "products.mime_type", "products").await?,
            domain: texts(
                "domain",
                "product_domains.name",
                "products join product_domains on product_domains.product_id = products.id",
            )
            .await?,
            license_id: records(
                "license_id",
                "licenses",
                "products join product_licenses on product_licenses.product_id = products.id \
                 join licenses on licenses.id = product_licenses.license_id",
            )
            .await?,
            badge_id: records(
                "badge_id",
                "badges",
                "products join product_badges on product_badges.product_id = products.id \
                 join badges on badges.id = product_badges.badge_id",
            )
            .await?,
        })
    }
}

async fn values<T: Row + Into<Value>>(
    db: &Db,
    caller: &Caller,
    query: &Query,
    columns: &str,
    from: &str,
) -> Result<Vec<Value>> {
    let (value, _) = columns.split_once(',').unwrap_or((columns, ""));
    let mut select = Statement::new(format!("select {columns}, count(*) from {from} where {value} is not null and "));
    push_found::<Product>(db, caller, query, &mut select)?;
    select.push(&format!(" group by {columns} order by count(*) desc, {columns} limit ")).push_arg(MOST);
    Ok(db.all::<T>(select).await?.into_iter().map(Into::into).collect())
}
