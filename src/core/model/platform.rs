//! Platforms: where a user's products run.

use super::User;
use serde_json::json;

use crate::core::Result;
use crate::core::access::{Caller, require_no_more_than_user};
use crate::core::clock::Timestamp;
use crate::core::db::Tx;
use crate::core::event::{EventType, NewEvent, Stream};
use crate::core::field::choice::choice;
use crate::core::field::{Name, PublicKey};
use crate::core::id::Id;
use crate::core::resource::{Decides, Input, Parent, Reference, Resource, Table};
use crate::resource;

choice! {
    /// Whether a platform's agent is heard of.
    PlatformState {
        /// It was, within the last minute.
        Online = "online",
        /// It was not.
        Offline = "offline",
    }
}

resource! {
    /// A place where a user's products run, kept by an agent.
    pub struct Platform {
        /// The user whom it belongs to.
        [fixed] user_id: Id<User>,
        /// Its name, unique for the user.
        name: Name,
        /// The public key that its agent signs in with, as PEM or JWK.
        public_key: Option<PublicKey>,
        /// Whether its agent is heard of.
        [server] state: PlatformState = PlatformState::Offline,
        /// When its agent was last heard of, to within some seconds.
        [server] last_seen_at: Option<Timestamp>,
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

    async fn events(_: &Tx, _: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<Vec<NewEvent>> {
        Ok(match (old, new) {
            (None, Some(new)) => vec![new.event(EventType::Created, "was added")],
            (Some(_), Some(new)) => vec![new.event(EventType::Updated, "was changed")],
            (Some(old), None) => vec![old.event(EventType::Deleted, "was removed")],
            (None, None) => Vec::new(),
        })
    }
}

impl Platform {
    /// The event that tells its owner, those who follow the platform, and those who administer, what happened to it.
    pub fn event(&self, event_type: EventType, what: &str) -> NewEvent {
        let message = format!("The platform {} {what}.", self.name.as_str());
        let model = json!({ "platform": {
            "id": self.id,
            "name": self.name,
            "user": { "id": self.user_id },
            "state": self.state,
            "last_seen_at": self.last_seen_at,
        } });
        let streams = vec![Stream::Account(self.user_id), Stream::Platform(self.id), Stream::Administration];
        NewEvent::of_right(event_type, Self::TABLE.name, self.id.uuid(), message, model, streams)
    }
}
