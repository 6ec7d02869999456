//! Appointments: who has which role.

use uuid::Uuid;

use super::{PartyType, Role};
use crate::core::Result;
use crate::core::access::{Caller, Permissions, require_no_more_than_own};
use crate::core::db::{Json, Tx};
use crate::core::id::Id;
use crate::core::resource::{Decides, Input, Parent, Resource, Table};
use crate::resource;

resource! {
    /// The appointment of a user or a group to a role.
    pub struct Appointment {
        /// The role.
        [fixed] role_id: Id<Role>,
        /// Whether a user or a group is appointed.
        entity_type: PartyType,
        /// The user or group, unique in the role.
        entity_id: Uuid,
    }
}

impl Resource for Appointment {
    const TABLE: Table = Table {
        name: "appointment",
        plural: "appointments",
        path: "/roles/{role_id}/appointments",
        parent: Some(Parent { table: &Role::TABLE, column: "role_id" }),
        decides: Decides::Rights,
        ..Table::PLAIN
    };
    const ALIASES: &'static [(&'static str, &'static str)] =
        &[("entry_id", "entity_id"), ("entry_type", "entity_type")];
    const UNIQUE: &'static [&'static [&'static str]] = &[&["role_id", "entity_type", "entity_id"]];

    async fn check(tx: &Tx, caller: &Caller, _: Option<&Self>, new: &Self, input: &mut Input) -> Result<()> {
        if input.failed("entity_type") {
            return Ok(());
        }
        new.entity_type.check(tx, caller, "entity_id", new.entity_id, input).await
    }

    async fn guard(tx: &Tx, caller: &Caller, _: Option<&Self>, new: Option<&Self>) -> Result<()> {
        let Some(new) = new else { return Ok(()) };
        let role = crate::sql!("select permissions from roles where id = $1", new.role_id);
        let Json(permissions) = tx.scalar::<Json<Permissions>>(role).await?;
        require_no_more_than_own(caller, &permissions)
    }
}
