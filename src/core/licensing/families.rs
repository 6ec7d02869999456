//! Families of products: a right to a product is a right to all that is under it, at any depth, in circles too. What is
//! above a product is remembered, as far as anything there is offered, until some family changes: a walk up takes longer
//! the larger the family is, and a decision must not.

use std::sync::Arc;

use moka::sync::Cache;
use uuid::Uuid;

use crate::core::Result;
use crate::core::db::{Db, FAMILIES};
use crate::core::id::Id;
use crate::core::model::Product;

/// How many ids are remembered in all.
const CAPACITY: u64 = 500_000;

/// What is above a product, itself included, of what is offered under some licence.
pub struct Family {
    /// The ids of the products.
    pub above: Vec<Uuid>,
    /// The version of all families that this was found in.
    pub version: i64,
}

/// The families of late.
pub struct Families(Cache<Id<Product>, Arc<Family>>);

impl Default for Families {
    fn default() -> Self {
        let weigh = |_: &Id<Product>, family: &Arc<Family>| u32::try_from(family.above.len() + 8).unwrap_or(u32::MAX);
        Self(Cache::builder().max_capacity(CAPACITY).weigher(weigh).build())
    }
}

impl Families {
    /// The family of a product, as it was at most a change ago.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn of(&self, db: &Db, product: Id<Product>) -> Result<Arc<Family>> {
        if let Some(family) = self.0.get(&product) {
            return Ok(family);
        }
        let family = Arc::new(find(db, product).await?);
        self.0.insert(product, family.clone());
        Ok(family)
    }

    /// Forgets that of a product.
    pub fn forget(&self, product: Id<Product>) {
        self.0.invalidate(&product);
    }
}

/// Walks up from a product. `union` takes each product once, so circles end.
async fn find(db: &Db, product: Id<Product>) -> Result<Family> {
    let rows: Vec<(i64, Option<Uuid>)> = db
        .all(crate::sql!(
            "with recursive family (id) as (select id from products where id = $1 union \
             select sub_products.parent_id from family join sub_products on sub_products.child_id = family.id) \
             select streams.last_offset, offered.id from streams left join (select id from family \
             where exists (select 1 from product_licenses where product_licenses.product_id = family.id)) as offered \
             on 1 = 1 where streams.name = $2",
            product,
            FAMILIES
        ))
        .await?;
    let version = rows.first().map_or(0, |(version, _)| *version);
    Ok(Family { above: rows.into_iter().filter_map(|(_, id)| id).collect(), version })
}
