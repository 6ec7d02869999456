//! Callers: who asks, with what rights, from where and when.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use super::policy::Who;
use super::{Permissions, Scopes, Verb, administrator};
use crate::core::clock::{self, Timestamp};
use crate::core::db::Db;
use crate::core::field::Hashed;
use crate::core::id::Id;
use crate::core::idempotency::IdempotencyKey;
use crate::core::model::{Identity, Platform, Token, User};
use crate::core::resource::Table;
use crate::core::review::Requirements;
use crate::core::{Error, Kind, Result};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Anybody.
    Anonymous,
    /// A user, by whatever credential.
    User(Id<User>),
    /// A platform's agent, by the platform's key.
    Platform(Id<Platform>),
}

/// What a caller is signed in by.
#[derive(Debug, Clone, Default)]
pub struct Credential {
    /// The token, where it is one that is kept.
    pub token: Option<Id<Token>>,
    /// The hash of that token: it can be replaced by another.
    pub secret: Option<Hashed>,
    /// The identity that the user signed in with.
    pub identity: Option<Id<Identity>>,
    /// What it may be used for.
    pub scopes: Scopes,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// Somebody with what they may do: what a credential stands for, for as long as nothing about it changes.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Who it is.
    pub actor: Actor,
    /// The permissions of all roles together.
    pub permissions: Arc<Permissions>,
    /// By what.
    pub credential: Arc<Credential>,
}

/// Who asks, with what permissions, from where and when: one instant for the whole decision.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who asks, by what and with what permissions.
    pub principal: Principal,
    /// Scheme and host as the caller sees this marketplace, without a slash at the end.
    pub origin: Arc<str>,
    /// The address that the request came from.
    pub address: Option<IpAddr>,
    /// When.
    pub now: Timestamp,
    /// What tells a repeat of this request.
    pub idempotency_key: Option<IdempotencyKey>,
    /// Whether the operator lets owners publish what is theirs.
    pub self_publishing: bool,
    /// What the operator requires of builds before they are published.
    pub requires: Requirements,
}

impl Principal {
    /// Somebody unknown.
    pub fn anonymous() -> Self {
        Self { actor: Actor::Anonymous, permissions: Arc::default(), credential: Arc::default() }
    }

    /// The marketplace itself, which does some things of its own accord.
    pub fn marketplace() -> Self {
        Self { permissions: Arc::new(Permissions::everything()), ..Self::anonymous() }
    }

    /// A user with the permissions that roles give now.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn user(db: &Db, id: Id<User>, credential: Credential) -> Result<Self> {
        let permissions = Arc::new(Permissions::of_user(db, id).await?);
        Ok(Self { actor: Actor::User(id), permissions, credential: Arc::new(credential) })
    }

    /// A platform, which has no permissions but what the policy gives all of them.
    pub fn platform(id: Id<Platform>, credential: Credential) -> Self {
        Self { actor: Actor::Platform(id), permissions: Arc::default(), credential: Arc::new(credential) }
    }
}

impl Caller {
    /// A principal who asks now.
    pub fn new(principal: Principal, origin: Arc<str>) -> Self {
        let now = clock::now();
        let requires = Requirements::default();
        Self { principal, origin, address: None, now, idempotency_key: None, self_publishing: false, requires }
    }

    /// Somebody unknown.
    pub fn anonymous(origin: Arc<str>) -> Self {
        Self::new(Principal::anonymous(), origin)
    }

    /// The marketplace itself, acting for its first administrator: seeds and demonstrations.
    pub fn administrator(origin: Arc<str>) -> Self {
        Self::new(administrator::principal(), origin)
    }

    /// The same, not limited by what the credential may be used for.
    pub fn unlimited(&self) -> Self {
        let credential = Credential { scopes: Scopes::default(), ..Credential::clone(&self.principal.credential) };
        let principal = Principal { credential: Arc::new(credential), ..self.principal.clone() };
        Self { principal, ..self.clone() }
    }

    /// Who asks this of a resource: the same without any limit, if the credential may be used for it, else a stranger.
    pub(super) fn asking(&self, resource: &str, verb: Verb) -> Cow<'_, Self> {
        if self.covers(resource, verb) {
            self.unlimited_for(resource, verb)
        } else {
            Cow::Owned(Self { principal: Principal::anonymous(), ..self.clone() })
        }
    }

    /// The same without any limit, if the credential may be used for this: what follows from it takes no scope of its own.
    pub fn unlimited_for(&self, resource: &str, verb: Verb) -> Cow<'_, Self> {
        let limited = !self.principal.credential.scopes.are_all();
        if limited && self.covers(resource, verb) { Cow::Owned(self.unlimited()) } else { Cow::Borrowed(self) }
    }

    /// Whether the caller is one of those whom a rule is about.
    pub(super) fn is(&self, who: Who) -> bool {
        match who {
            Who::Anyone => true,
            Who::User => matches!(self.principal.actor, Actor::User(_)),
            Who::Platform => matches!(self.principal.actor, Actor::Platform(_)),
        }
    }

    /// The permissions of all the caller's roles together.
    pub fn permissions(&self) -> &Permissions {
        &self.principal.permissions
    }

    /// Whether what the caller signed in with may be used for this.
    pub fn covers(&self, resource: &str, verb: Verb) -> bool {
        self.principal.credential.scopes.cover(resource, verb)
    }

    /// Whether a role permits this on every such resource.
    pub fn permits(&self, resource: &str, verb: Verb) -> bool {
        self.covers(resource, verb) && self.principal.permissions.permit(resource, verb)
    }

    /// Whether a role permits this on every row of the table. The permission to read what can be published is not one to
    /// see it before: that takes a permission to change, publish or validate it.
    pub fn permits_all(&self, table: &Table, verb: Verb) -> bool {
        let resource = table.permission();
        if verb == Verb::Read && !table.published.is_empty() {
            let sees = [Verb::Update, Verb::Publish, Verb::Validate];
            return self.covers(resource, verb)
                && sees.iter().any(|verb| self.principal.permissions.permit(resource, *verb));
        }
        self.permits(resource, verb)
    }

    /// The user's id.
    pub fn user_id(&self) -> Option<Id<User>> {
        match self.principal.actor {
            Actor::User(id) => Some(id),
            Actor::Anonymous | Actor::Platform(_) => None,
        }
    }

    /// The platform's id.
    pub fn platform_id(&self) -> Option<Id<Platform>> {
        match self.principal.actor {
            Actor::Platform(id) => Some(id),
            Actor::Anonymous | Actor::User(_) => None,
        }
    }

    /// Nothing, when the caller is somebody.
    ///
    /// # Errors
    /// [`Kind::Unauthenticated`].
    pub fn require_signed_in(&self) -> Result<()> {
        match self.principal.actor {
            Actor::Anonymous => Err(Error::new(
                Kind::Unauthenticated,
                "You are not signed in. Send a token in the header Authorization: Bearer ….",
            )),
            Actor::User(_) | Actor::Platform(_) => Ok(()),
        }
    }

    /// The refusal of something that the caller may see but not do: 401 for the unknown, else 403 with the permission or
    /// scope that is missing.
    pub fn refusal(&self, resource: &str, verb: Verb) -> Error {
        if let Err(refusal) = self.require_signed_in() {
            return refusal;
        }
        let word = verb.word();
        let message = if self.covers(resource, verb) {
            format!("You lack the permission {resource}.{word}. An administrator can give you a role that has it.")
        } else {
            format!("Your token lacks the scope {resource}.{word}. Make one that has it, or one without any limit.")
        };
        Error::new(Kind::Forbidden, message)
    }
}
