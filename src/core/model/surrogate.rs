//! Surrogates: which interface may stand in for which.

use uuid::Uuid;

use super::{Dependency, Exposure, Interface};
use crate::core::access::{Caller, Verb, push_scope};
use crate::core::db::Statement;
use crate::core::field::Shape;
use crate::core::id::Id;
use crate::core::resource::{Input, Parent, Reference, Resource, Table};
use crate::core::{Error, Result};
use crate::resource;

resource! {
    /// That one interface may stand in for another.
    pub struct Surrogate {
        /// The interface that is wanted.
        [fixed] interface_id: Id<Interface>,
        /// The interface that will do, unique for the one wanted.
        substitute_id: Id<Interface>,
    }
}

impl Resource for Surrogate {
    const TABLE: Table = Table {
        name: "surrogate",
        plural: "surrogates",
        path: "/interfaces/{interface_id}/surrogates",
        parent: Some(Parent { table: &Interface::TABLE, column: "interface_id" }),
        ..Table::PLAIN
    };
    const REFERENCES: &'static [Reference] = &[Reference { column: "substitute_id", table: &Interface::TABLE }];
    const UNIQUE: &'static [&'static [&'static str]] = &[&["interface_id", "substitute_id"]];
    const FILTERS: &'static [(&'static str, Shape, &'static str)] =
        &[("product_id", Shape::Id, "Only those of interfaces that a build of this product exposes or depends upon.")];

    fn validate(&self, input: &mut Input) {
        if self.interface_id == self.substitute_id {
            input.fails("substitute_id", "must be another interface");
        }
    }

    fn filter(_: &str, value: &str, caller: &Caller, statement: &mut Statement) -> Result<()> {
        let product: Uuid =
            value.parse().map_err(|_| Error::bad_request("The parameter product_id must be a UUID."))?;
        for (index, table) in [&Exposure::TABLE, &Dependency::TABLE].into_iter().enumerate() {
            statement.push(if index > 0 { " or " } else { "" });
            let plural = table.plural;
            statement.push(&format!(
                "exists (select 1 from {plural} join builds on builds.id = {plural}.build_id \
                 where {plural}.interface_id in (surrogates.interface_id, surrogates.substitute_id) and builds.product_id = "
            ));
            statement.push_arg(product).push(" and ");
            push_scope(table, caller, Verb::Read, statement);
            statement.push(")");
        }
        Ok(())
    }
}
