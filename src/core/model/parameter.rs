//! Parameters: what an exposure tells those who depend on it.

use super::{Build, Exposure};
use crate::core::Result;
use crate::core::access::Caller;
use crate::core::db::Tx;
use crate::core::field::Name;
use crate::core::id::Id;
use crate::core::resource::{Parent, Resource, Table};
use crate::resource;

resource! {
    /// A value, such as an address, that an exposure gives to those who depend on it.
    pub struct Parameter {
        /// The exposure that gives it.
        [fixed] exposure_id: Id<Exposure>,
        /// Its name, unique in the exposure.
        name: Name,
        /// Whether the exposure always gives it.
        required: bool = false,
    }
}

impl Resource for Parameter {
    const TABLE: Table = Table {
        name: "parameter",
        plural: "parameters",
        path: "/products/{product_id}/builds/{build_id}/exposures/{exposure_id}/parameters",
        parent: Some(Parent { table: &Exposure::TABLE, column: "exposure_id" }),
        sort: "name",
        ..Table::PLAIN
    };
    const UNIQUE: &'static [&'static [&'static str]] = &[&["exposure_id", "name"]];

    async fn guard(tx: &Tx, caller: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<()> {
        let Some(row) = old.or(new) else { return Ok(()) };
        let build = tx.scalar(crate::sql!("select build_id from exposures where id = $1", row.exposure_id)).await?;
        Build::require_open(tx, caller, build).await
    }
}
