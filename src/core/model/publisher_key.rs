//! Publisher keys: what publishers sign their packages with, as far as the marketplace may know of it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::User;
use crate::core::access::{Caller, Verb};
use crate::core::clock::Timestamp;
use crate::core::db::{Db, Statement, Tx};
use crate::core::event::{EventType, NewEvent, Stream};
use crate::core::field::{Described, Line, Name, PublicKey, Shape, nullable_schema};
use crate::core::id::Id;
use crate::core::resource::{self, Input, Located, Parent, Resource, Table};
use crate::core::signing::Ed25519Key;
use crate::core::{Error, Kind, Result};
use crate::resource;

resource! {
    /// The public half of a key that a publisher signs packages with.
    pub struct PublisherKey {
        /// The publisher.
        [fixed] user_id: Id<User>,
        /// What it is called, unique for the user.
        name: Name,
        /// The public key, Ed25519, as PEM or JWK.
        [fixed] public_key: PublicKey,
        /// Its thumbprint (RFC 7638), by which signatures name it.
        [server] fingerprint: Option<Line>,
        /// Since when it signs nothing new.
        [server] revoked_at: Option<Timestamp>,
    }
}

impl Resource for PublisherKey {
    const TABLE: Table = Table {
        name: "publisher_key",
        plural: "publisher_keys",
        path: "/users/{user_id}/publisher_keys",
        parent: Some(Parent { table: &User::TABLE, column: "user_id" }),
        owner: Some("user_id"),
        sort: "name",
        ..Table::PLAIN
    };
    const UNIQUE: &'static [&'static [&'static str]] = &[&["user_id", "name"]];

    fn complete(&mut self, _: &Caller, input: &mut Input) -> Result<()> {
        match Ed25519Key::parse(self.public_key.as_str()) {
            Some(key) => self.fingerprint = key.fingerprint().parse().ok(),
            None if input.failed("public_key") => {}
            None => input.fails("public_key", "must be an Ed25519 public key, as `mkt keygen` makes it"),
        }
        Ok(())
    }

    /// Its user hears of it: a key that appears unasked for is worth a look.
    async fn events(_: &Tx, _: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<Vec<NewEvent>> {
        let (kind, key, message) = match (old, new) {
            (None, Some(new)) => (EventType::Created, new, "A publisher key was added."),
            (Some(old), Some(new)) if old.revoked_at != new.revoked_at => {
                (EventType::Updated, new, "A publisher key was revoked.")
            }
            (Some(old), None) => (EventType::Deleted, old, "A publisher key was removed."),
            _ => return Ok(Vec::new()),
        };
        let model = json!({ "publisher_key": { "id": key.id, "name": key.name, "fingerprint": key.fingerprint } });
        let streams = vec![Stream::Account(key.user_id)];
        Ok(vec![NewEvent::of_right(kind, Self::TABLE.name, key.id.uuid(), message.into(), model, streams)])
    }
}

impl PublisherKey {
    /// Has a key sign nothing new. What it signed stays, and is said to be by a key that was revoked.
    ///
    /// # Errors
    /// When it is not to be seen, or the caller may not change it.
    pub async fn revoke(db: &Db, caller: &Caller, user: Uuid, id: Uuid) -> Result<Located<Self>> {
        let now = caller.now;
        let revoke = |key: &mut Self| key.revoked_at = key.revoked_at.or(Some(now));
        resource::transition(db, caller, &[user], id, Verb::Update, None, revoke).await
    }

    /// The key with this fingerprint that a user signs with.
    ///
    /// # Errors
    /// [`Kind::Invalid`] when there is none, or it was revoked.
    pub(in crate::core) async fn of_user(db: &Db, user: Id<User>, fingerprint: &str) -> Result<Self> {
        let select =
            crate::sql!("select * from publisher_keys where user_id = $1 and fingerprint = $2", user, fingerprint);
        let invalid =
            |why: &str| Error::new(Kind::Invalid, format!("The package is signed with the key {fingerprint}, {why}"));
        let key: Option<Self> = db.optional(select).await?;
        let key = key.ok_or_else(|| {
            invalid("which is not one of your publisher keys. Register it with mkt publisher-key create.")
        })?;
        match key.revoked_at {
            None => Ok(key),
            Some(at) => Err(invalid(&format!("which was revoked on {at}. Sign with another."))),
        }
    }
}

/// What the marketplace knows of the key that a build was signed with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signer {
    /// Whose key it is.
    pub user_id: Id<User>,
    /// What it is called.
    pub name: String,
    /// Its thumbprint (RFC 7638).
    pub fingerprint: String,
    /// Since when it signs nothing new.
    pub revoked_at: Option<Timestamp>,
}

impl Signer {
    /// What is known of these keys.
    pub(super) async fn of(db: &Db, keys: Vec<Id<PublisherKey>>) -> Result<HashMap<Id<PublisherKey>, Self>> {
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        let mut select = Statement::new("select * from publisher_keys where id in (");
        select.push_args(keys).push(")");
        let keys: Vec<PublisherKey> = db.all(select).await?;
        let signer = |key: PublisherKey| {
            let fingerprint = key.fingerprint.map(|fingerprint| fingerprint.to_string()).unwrap_or_default();
            let signer =
                Self { user_id: key.user_id, name: key.name.to_string(), fingerprint, revoked_at: key.revoked_at };
            (key.id, signer)
        };
        Ok(keys.into_iter().map(signer).collect())
    }
}

impl Described for Signer {
    fn schema() -> serde_json::Value {
        let text = json!({ "type": "string" });
        json!({ "type": "object", "properties": {
            "user_id": Shape::Id.schema(),
            "name": text,
            "fingerprint": text,
            "revoked_at": nullable_schema(Shape::Time.schema()),
        } })
    }
}
