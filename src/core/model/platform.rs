//! Platforms: where a user's products run.

use super::User;
use crate::core::access::Caller;
use crate::core::field::{Name, PublicKey};
use crate::core::id::Id;
use crate::core::resource::{Decides, Input, Parent, Reference, Resource, Table};
use crate::resource;

resource! {
    /// A place where a user's products run, kept by an agent.
    pub struct Platform {
        /// The user whom it belongs to.
        [fixed] user_id: Id<User>,
        /// Its name, unique for the user.
        name: Name,
        /// The public key that its agent signs in with, as PEM or JWK.
        public_key: Option<PublicKey>,
    }
}

impl Resource for Platform {
    const TABLE: Table = Table {
        name: "platform",
        plural: "platforms",
        path: "/users/{user_id}/platforms",
        flat: Some("/platforms"),
        parent: Some(Parent { table: &User::TABLE, column: "user_id" }),
        owner: Some("user_id"),
        sort: "name",
        decides: Decides::WhoSignsIn,
        platform: Some("id"),
        ..Table::PLAIN
    };
    const REFERENCES: &'static [Reference] = &[Reference { column: "user_id", table: &User::TABLE }];
    const UNIQUE: &'static [&'static [&'static str]] = &[&["user_id", "name"]];

    fn prepare(caller: &Caller, input: &mut Input) {
        if let Some(user) = caller.user_id() {
            input.set_default("user_id", user.to_string());
        }
    }
}
