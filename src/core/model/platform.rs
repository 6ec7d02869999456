//! Platforms: where a user's products run.

use super::User;
use crate::core::Result;
use crate::core::access::{Caller, require_no_more_than_user};
use crate::core::db::Tx;
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
    /// Whoever has a platform's key is that platform.
    async fn guard(tx: &Tx, caller: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<()> {
        match new {
            Some(new) if old.is_none_or(|old| old.public_key != new.public_key) => {
                require_no_more_than_user(tx, caller, new.user_id).await
            }
            _ => Ok(()),
        }
    }
}
