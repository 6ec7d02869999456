//! Members: the users of a group.

use super::{Group, User};
use crate::core::id::Id;
use crate::core::resource::{Parent, Reference, Resource, Table};
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
        ..Table::PLAIN
    };
    const REFERENCES: &'static [Reference] = &[Reference { column: "user_id", table: &User::TABLE }];
    const UNIQUE: &'static [&'static [&'static str]] = &[&["group_id", "user_id"]];
}
