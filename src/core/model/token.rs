//! Tokens: what programs sign in with on behalf of a user.

use super::{Identity, User};
use crate::core::Result;
use crate::core::access::Caller;
use crate::core::clock::Timestamp;
use crate::core::db::Json;
use crate::core::field::{Hashed, Name, Words};
use crate::core::id::Id;
use crate::core::resource::{Input, Parent, Resource, Table};
use crate::core::secret::Secret;
use crate::resource;

resource! {
    /// A token that a program signs in with on behalf of a user.
    pub struct Token {
        /// The user.
        [fixed] user_id: Id<User>,
        /// The identity by which the user was signed in when it was made.
        [server] identity_id: Option<Id<Identity>>,
        /// What it is for.
        name: Option<Name>,
        /// When it ends.
        [fixed] expires_at: Timestamp,
        /// What it may be used for; none means all that the user may do.
        [fixed] scopes: Json<Words> = Json(Vec::new()),
        /// When it was last used.
        [server] last_used_at: Option<Timestamp>,
        /// The hash of the token itself.
        [server] secret: Option<Hashed>,
    }
    embeds {
        /// The token itself, in the answer to its creation and never again.
        token: Option<String>,
    }
}

/// What tokens start with, so that they are known where they should not be.
const PREFIX: &str = "mkt_";

impl Resource for Token {
    const TABLE: Table = Table {
        name: "token",
        plural: "tokens",
        path: "/users/{user_id}/tokens",
        parent: Some(Parent { table: &User::TABLE, column: "user_id" }),
        owner: Some("user_id"),
        ..Table::PLAIN
    };

    fn complete(&mut self, caller: &Caller, input: &mut Input) -> Result<()> {
        if self.expires_at <= caller.now && !input.failed("expires_at") {
            input.fails("expires_at", "must be in the future");
        }
        let secret = Secret::new(format!("{PREFIX}{}", Secret::random()?.expose()));
        self.secret = Some(Hashed::of(&secret));
        self.token = Some(secret.expose().to_owned());
        Ok(())
    }
}
