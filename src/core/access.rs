//! Who may do what. The rules are one table in [`policy`]; they are asked in SQL, so that what a caller may not read
//! is never fetched, counted or paged.

pub mod administrator;
mod permissions;
pub mod policy;
mod scope;

use std::sync::Arc;

pub use permissions::{Permissions, Verb};
pub use scope::{push_creation, push_scope};

use super::clock::Timestamp;
use super::db::Db;
use super::id::Id;
use super::idempotency::IdempotencyKey;
use super::model::User;
use super::resource::Table;
use super::{Error, Kind, Result};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Anybody.
    Anonymous,
    /// A user, by whatever credential.
    User(Id<User>),
}

/// Who asks, with what permissions, from where and when: one instant for the whole decision.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who asks.
    pub actor: Actor,
    /// The permissions of all the caller's roles together.
    pub permissions: Arc<Permissions>,
    /// Scheme and host as the caller sees this marketplace, without a slash at the end.
    pub origin: Arc<str>,
    /// When.
    pub now: Timestamp,
    /// What tells a repeat of this request.
    pub idempotency_key: Option<IdempotencyKey>,
}

impl Caller {
    /// Somebody unknown.
    pub fn anonymous(origin: Arc<str>) -> Self {
        let permissions = Arc::new(Permissions::none());
        Self { actor: Actor::Anonymous, permissions, origin, now: super::clock::now(), idempotency_key: None }
    }

    /// A user, with the permissions that roles give now.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn user(db: &Db, id: Id<User>, origin: Arc<str>) -> Result<Self> {
        let permissions = Arc::new(Permissions::of_user(db, id).await?);
        Ok(Self { actor: Actor::User(id), permissions, origin, now: super::clock::now(), idempotency_key: None })
    }

    /// The marketplace itself, acting for its first administrator: seeds and demonstrations.
    pub fn administrator(origin: Arc<str>) -> Self {
        let permissions = Arc::new(Permissions::everything());
        Self {
            actor: Actor::User(administrator::ID.into()),
            permissions,
            origin,
            now: super::clock::now(),
            idempotency_key: None,
        }
    }

    /// Whether a role permits this on every such resource.
    pub fn permits(&self, resource: &str, verb: Verb) -> bool {
        self.permissions.permit(resource, verb)
    }

    /// Whether a role permits this on every row of the table. The permission to read what can be published is not one to
    /// see it before: that takes a permission to change, publish or validate it.
    pub fn permits_all(&self, table: &Table, verb: Verb) -> bool {
        if verb == Verb::Read && !table.published.is_empty() {
            return [Verb::Update, Verb::Publish, Verb::Validate].iter().any(|verb| self.permits(table.plural, *verb));
        }
        self.permits(table.plural, verb)
    }

    /// The user's id.
    pub fn user_id(&self) -> Option<Id<User>> {
        match self.actor {
            Actor::Anonymous => None,
            Actor::User(id) => Some(id),
        }
    }

    /// Nothing, when the caller is somebody.
    ///
    /// # Errors
    /// [`Kind::Unauthenticated`].
    pub fn require_signed_in(&self) -> Result<()> {
        match self.actor {
            Actor::Anonymous => Err(Error::new(
                Kind::Unauthenticated,
                "You are not signed in. Send a token in the header Authorization: Bearer ….",
            )),
            Actor::User(_) => Ok(()),
        }
    }

    /// The refusal of something that the caller may see but not do: 401 for the unknown, else 403 with the permission
    /// that is missing.
    pub fn refusal(&self, resource: &str, verb: Verb) -> Error {
        match self.require_signed_in() {
            Err(refusal) => refusal,
            Ok(()) => {
                let verb = verb.word();
                Error::new(
                    Kind::Forbidden,
                    format!(
                        "You lack the permission {resource}.{verb}. An administrator can give you a role that has it."
                    ),
                )
            }
        }
    }
}
