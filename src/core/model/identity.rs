//! Identities: who a user is to an identity provider.

use super::{IdentityProvider, User};
use crate::core::Result;
use crate::core::access::{Caller, require_no_more_than_user};
use crate::core::clock::Timestamp;
use crate::core::db::{Json, Tx};
use crate::core::field::{Email, Line, Locale, Name, Object};
use crate::core::id::Id;
use crate::core::resource::{Decides, Parent, Reference, Resource, Table};
use crate::resource;

resource! {
    /// Who a user is to an identity provider. Made when somebody signs in.
    pub struct Identity {
        /// The user.
        [fixed] user_id: Id<User>,
        /// The provider.
        [fixed] identity_provider_id: Id<IdentityProvider>,
        /// The user's id there, unique with the provider.
        [fixed] sub: Name,
        /// When the provider last said so.
        iat: Option<Timestamp>,
        /// The domain that hosts the user's account.
        hd: Option<Line>,
        /// The user's language.
        locale: Option<Locale>,
        /// The user's mail address there.
        email: Option<Email>,
        /// The claims that the provider made.
        jwt: Json<Object> = Json(Object::new()),
        /// Whether the user wants to be told by mail.
        notify_via_email: bool = false,
        /// Whether the user wants to be told by text message.
        notify_via_sms: bool = false,
    }
}

impl Resource for Identity {
    const TABLE: Table = Table {
        name: "identity",
        plural: "identities",
        path: "/users/{user_id}/identities",
        parent: Some(Parent { table: &User::TABLE, column: "user_id" }),
        owner: Some("user_id"),
        decides: Decides::Rights,
        ..Table::PLAIN
    };
    const REFERENCES: &'static [Reference] =
        &[Reference { column: "identity_provider_id", table: &IdentityProvider::TABLE }];
    const UNIQUE: &'static [&'static [&'static str]] = &[&["identity_provider_id", "sub"]];

    async fn guard(tx: &Tx, caller: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<()> {
        match (old, new) {
            (None, Some(new)) => require_no_more_than_user(tx, caller, new.user_id).await,
            _ => Ok(()),
        }
    }
}
