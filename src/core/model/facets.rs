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
        let found = |facet: &str| Found { db, caller, query: query.without(facet) };
        let (kinds, domains, licenses, badges) =
            (found("mime_type"), found("domain"), found("license_id"), found("badge_id"));
        let (mime_type, domain, license_id, badge_id) = tokio::try_join!(
            kinds.kinds(),
            domains.domains(),
            licenses.records("licenses", "product_licenses", "license_id"),
            badges.records("badges", "product_badges", "badge_id"),
        )?;
        Ok(Self { mime_type, domain, license_id, badge_id })
    }
}

/// Who finds what.
struct Found<'a> {
    db: &'a Db,
    caller: &'a Caller,
    query: Query,
}

impl Found<'_> {
    async fn kinds(&self) -> Result<Vec<Value>> {
        let mut select =
            Statement::new("select mime_type, count(*) from products where products.mime_type is not null and ");
        push_found::<Product>(self.db, self.caller, &self.query, &mut select)?;
        select.push(" group by mime_type order by count(*) desc, mime_type limit ").push_arg(MOST);
        self.values::<(String, i64)>(select).await
    }

    async fn domains(&self) -> Result<Vec<Value>> {
        let mut select = Statement::new("select name, count(*) from product_domains where product_id in (");
        self.push_ids(&mut select)?;
        select.push(") group by name order by count(*) desc, name limit ").push_arg(MOST);
        self.values::<(String, i64)>(select).await
    }

    /// The records of a table that products refer to by way of another.
    async fn records(&self, table: &str, by_way_of: &str, reference: &str) -> Result<Vec<Value>> {
        let mut select = Statement::new(format!(
            "select {table}.id, {table}.name, found.number from {table} join (select {reference}, count(*) as number \
             from {by_way_of} where product_id in ("
        ));
        self.push_ids(&mut select)?;
        select.push(&format!(
            ") group by {reference}) as found on found.{reference} = {table}.id order by found.number desc, {table}.name \
             limit "
        ));
        select.push_arg(MOST);
        self.values::<(Uuid, String, i64)>(select).await
    }

    /// Appends the selection of what is found. As a list of its own it is made once, in the order of an index that has all
    /// that it takes; joined, each row would be looked up by itself.
    fn push_ids(&self, statement: &mut Statement) -> Result<()> {
        statement.push("select products.id from products where ");
        push_found::<Product>(self.db, self.caller, &self.query, statement)
    }

    async fn values<T: Row + Into<Value>>(&self, select: Statement) -> Result<Vec<Value>> {
        Ok(self.db.all::<T>(select).await?.into_iter().map(Into::into).collect())
    }
}
