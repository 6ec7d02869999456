//! Members: the users of a group.

use super::{Group, User};
use crate::core::Result;
use crate::core::access::{Caller, Permissions, require_no_more_than_own};
use crate::core::db::Tx;
use crate::core::id::Id;
use crate::core::resource::{Decides, Parent, Reference, Resource, Table};
use crate::resource;

resource! {
    /// A user's membership in a group.
    pub struct Member {
        /// The group.
        [fixed] group_id: Id<Group>,
        /// The user, unique in the group.
        user_id: Id<User>,
    }
}

impl Resource for Member {
    const TABLE: Table = Table {
        name: "member",
        plural: "members",
        path: "/groups/{group_id}/members",
        parent: Some(Parent { table: &Group::TABLE, column: "group_id" }),
        decides: Decides::Rights,
        ..Table::PLAIN
    };
    const REFERENCES: &'static [Reference] = &[Reference { column: "user_id", table: &User::TABLE }];
    const UNIQUE: &'static [&'static [&'static str]] = &[&["group_id", "user_id"]];

    async fn guard(tx: &Tx, caller: &Caller, _: Option<&Self>, new: Option<&Self>) -> Result<()> {
        let Some(new) = new else { return Ok(()) };
        require_no_more_than_own(caller, &Permissions::of_group(tx, new.group_id).await?)
    }
}
