//! Tokens: what programs sign in with on behalf of a user.

use serde_json::json;
use uuid::Uuid;

use super::{Identity, User};
use crate::core::access::{Caller, Scopes, Verb, require_no_more_than_user};
use crate::core::clock::Timestamp;
use crate::core::db::{Db, Json, Tx};
use crate::core::event::{EventType, NewEvent, Stream};
use crate::core::field::{Hashed, Name};
use crate::core::id::Id;
use crate::core::resource::{self, Decides, Input, Located, Parent, Resource, Table};
use crate::core::secret::Secret;
use crate::core::{Error, Kind, Result, session};
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
        [fixed] scopes: Json<Scopes> = Json(Scopes::default()),
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

impl Resource for Token {
    const TABLE: Table = Table {
        name: "token",
        plural: "tokens",
        path: "/users/{user_id}/tokens",
        parent: Some(Parent { table: &User::TABLE, column: "user_id" }),
        owner: Some("user_id"),
        decides: Decides::WhoSignsIn,
        ..Table::PLAIN
    };

    fn complete(&mut self, caller: &Caller, input: &mut Input) -> Result<()> {
        if self.expires_at <= caller.now && !input.failed("expires_at") {
            input.fails("expires_at", "must be in the future");
        }
        if caller.user_id() == Some(self.user_id) {
            self.identity_id = caller.principal.credential.identity;
        }
        self.make_secret()
    }

    /// Nobody gets more by making a token than they had.
    async fn guard(tx: &Tx, caller: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<()> {
        let (None, Some(new)) = (old, new) else { return Ok(()) };
        require_no_more_than_user(tx, caller, new.user_id).await?;
        if !caller.principal.credential.scopes.are_all() {
            let message = "A token with scopes makes no other tokens. Sign in without such a limit.";
            return Err(Error::new(Kind::Forbidden, message));
        }
        Ok(())
    }

    /// Its user hears of it: a token that appears unasked for is worth a look.
    async fn events(_: &Tx, _: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<Vec<NewEvent>> {
        let (kind, token, message) = match (old, new) {
            (None, Some(new)) => (EventType::Created, new, "A token was made."),
            (Some(old), Some(new)) if old.secret != new.secret => (EventType::Updated, new, "A token was replaced."),
            (Some(old), None) => (EventType::Deleted, old, "A token was revoked."),
            _ => return Ok(Vec::new()),
        };
        let model = json!({ "token": { "id": token.id, "name": token.name, "expires_at": token.expires_at } });
        let streams = vec![Stream::Account(token.user_id)];
        Ok(vec![NewEvent::of_right(kind, Self::TABLE.name, token.id.uuid(), message.into(), model, streams)])
    }
}

impl Token {
    /// What tokens start with, so that they are known where they should not be.
    pub const PREFIX: &'static str = "mkt_";

    /// Replaces the token itself: the old one ends, the new one is in the answer and never again.
    ///
    /// # Errors
    /// When it is not to be seen, the caller may not change it, or it is a session.
    pub async fn rotate(db: &Db, caller: &Caller, user: Uuid, id: Uuid) -> Result<Located<Self>> {
        caller.require_signed_in()?;
        let tx = db.begin().await?;
        let old = resource::require::<Self>(&tx, caller, &[user], id, Verb::Update, None).await?;
        require_no_more_than_user(&tx, caller, old.user_id).await?;
        if old.name.as_ref().is_some_and(|name| name.as_str() == session::NAME) {
            return Err(Error::conflict("A session's token can't be replaced. Sign in anew."));
        }
        let mut new = old.clone();
        new.make_secret()?;
        let token = resource::replace(&tx, caller, &old, new).await?;
        tx.commit().await?;
        Ok(Located::new(token, caller, &[user]))
    }

    fn make_secret(&mut self) -> Result<()> {
        let secret = Secret::new(format!("{}{}", Self::PREFIX, Secret::random()?.expose()));
        self.secret = Some(Hashed::of(&secret));
        self.token = Some(secret.expose().to_owned());
        Ok(())
    }
}
