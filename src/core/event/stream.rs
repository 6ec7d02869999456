//! Streams: what events are kept apart by.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::core::Result;
use crate::core::access::{Actor, Caller, Verb, reads_all};
use crate::core::db::Db;
use crate::core::id::Id;
use crate::core::model::{
    Appointment, Attempt, AuditEvent, Badge, Build, Claim, Entitlement, Group, Identity, IdentityProvider, Instance,
    Interface, License, Member, Platform, Product, Role, Surrogate, Token, User, Voucher,
};
use crate::core::resource::{self, Resource, Table};

/// A stream of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// What is published in and withdrawn from the catalogue.
    Catalog,
    /// All about a product and its builds.
    Product(Id<Product>),
    /// What is to run on a platform, and how far it is.
    Platform(Id<Platform>),
    /// That an instance has printed more.
    Output(Id<Instance>),
    /// What concerns the rights of a user.
    Account(Id<User>),
    /// What becomes of builds that were submitted for review.
    Review,
    /// Who asked to use what.
    Audit,
    /// What is administered: people and what they may do, what products are described with, rights to use them.
    Administration,
    /// What those who are signed in say to each other.
    Chat,
}

/// What a user's own stream tells of.
const OWN: &[&Table] =
    &[&Entitlement::TABLE, &Claim::TABLE, &Voucher::TABLE, &Token::TABLE, &Platform::TABLE, &Build::TABLE];
/// What a platform's stream tells of.
const DEPLOYED: &[&Table] = &[&Instance::TABLE, &Platform::TABLE];
/// What the administration's stream tells of, each kind to whoever may read all of it.
const ADMINISTERED: &[&Table] = &[
    &User::TABLE,
    &Identity::TABLE,
    &Group::TABLE,
    &Member::TABLE,
    &Role::TABLE,
    &Appointment::TABLE,
    &IdentityProvider::TABLE,
    &License::TABLE,
    &Interface::TABLE,
    &Surrogate::TABLE,
    &Badge::TABLE,
    &Entitlement::TABLE,
    &Claim::TABLE,
    &Voucher::TABLE,
    &Platform::TABLE,
    &AuditEvent::TABLE,
];

impl Stream {
    /// Whether a caller may follow it now. Strangers may follow the catalogue and its products where the operator lets them.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn is_open_to(self, db: &Db, caller: &Caller, anonymous_events: bool) -> Result<bool> {
        let signed_in = caller.principal.actor != Actor::Anonymous;
        match self {
            Self::Catalog => Ok(anonymous_events || signed_in),
            Self::Product(_) if !anonymous_events && !signed_in => Ok(false),
            Self::Product(id) => resource::is_readable(db, caller, &Product::TABLE, id.uuid()).await,
            Self::Platform(id) => Ok(caller.covers(Instance::TABLE.permission(), Verb::Read)
                && resource::is_readable(db, caller, &Platform::TABLE, id.uuid()).await?),
            Self::Output(id) => resource::is_changeable(db, caller, &Instance::TABLE, id.uuid()).await,
            Self::Account(user) => Ok(caller.user_id() == Some(user)),
            Self::Review => Ok(reviews(caller)),
            Self::Audit => Ok(caller.permits(Attempt::TABLE.permission(), Verb::Read)),
            Self::Administration => Ok(signed_in && !self.kinds(caller).is_empty()),
            Self::Chat => Ok(signed_in),
        }
    }

    /// Whether the administration's stream tells of a kind of resource.
    pub(super) fn is_administered(table: &Table) -> bool {
        ADMINISTERED.iter().any(|administered| administered.name == table.name)
    }

    /// Whether each event decides who receives it, by what it is about.
    pub(super) fn is_of_catalog(self) -> bool {
        matches!(self, Self::Catalog | Self::Product(_))
    }

    /// Whether the stream tells those who follow it of a kind of resource. In the catalogue, each event decides.
    pub(super) fn tells(self, caller: &Caller, resource_type: &str) -> bool {
        self.is_of_catalog() || self.kinds(caller).contains(&resource_type)
    }

    /// The names of the kinds of resources that the stream tells a caller of, where it is not the event that decides.
    pub(super) fn kinds(self, caller: &Caller) -> Vec<&'static str> {
        let covered = |tables: &[&'static Table]| {
            let covered = tables.iter().filter(|table| caller.covers(table.permission(), Verb::Read));
            covered.map(|table| table.name).collect()
        };
        match (self, caller.principal.actor) {
            (Self::Platform(platform), Actor::Platform(id)) if id == platform => covered(DEPLOYED),
            (Self::Platform(_), Actor::User(_)) => covered(DEPLOYED),
            (Self::Output(_), Actor::User(_)) if caller.covers(Instance::TABLE.permission(), Verb::Update) => {
                vec![super::OUTPUT]
            }
            (Self::Account(user), Actor::User(id)) if id == user => covered(OWN),
            (Self::Review, _) if reviews(caller) => covered(&[&Build::TABLE]),
            (Self::Audit, _) if caller.permits(Attempt::TABLE.permission(), Verb::Read) => vec![Attempt::TABLE.name],
            (Self::Administration, Actor::User(_) | Actor::Platform(_)) => {
                let read = ADMINISTERED.iter().filter(|table| reads_all(table, caller));
                read.map(|table| table.name).collect()
            }
            (Self::Chat, Actor::User(_) | Actor::Platform(_)) => vec![super::MESSAGE],
            _ => Vec::new(),
        }
    }
}

/// Whether a role permits a caller to decide what becomes of builds.
fn reviews(caller: &Caller) -> bool {
    [Verb::Validate, Verb::Publish].iter().any(|verb| caller.permits(Build::TABLE.permission(), *verb))
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalog => f.write_str("catalog"),
            Self::Product(id) => write!(f, "product:{id}"),
            Self::Platform(id) => write!(f, "platform:{id}"),
            Self::Output(id) => write!(f, "output:{id}"),
            Self::Account(user) => write!(f, "account:{user}"),
            Self::Review => f.write_str("review"),
            Self::Audit => f.write_str("audit"),
            Self::Administration => f.write_str("administration"),
            Self::Chat => f.write_str("chat"),
        }
    }
}

impl FromStr for Stream {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let of = |id: &str| id.parse::<Uuid>().map_err(drop);
        match text.split_once(':') {
            None if text == "catalog" => Ok(Self::Catalog),
            None if text == "review" => Ok(Self::Review),
            None if text == "audit" => Ok(Self::Audit),
            None if text == "administration" => Ok(Self::Administration),
            None if text == "chat" => Ok(Self::Chat),
            Some(("product", id)) => of(id).map(|id| Self::Product(id.into())),
            Some(("platform", id)) => of(id).map(|id| Self::Platform(id.into())),
            Some(("output", id)) => of(id).map(|id| Self::Output(id.into())),
            Some(("account", id)) => of(id).map(|id| Self::Account(id.into())),
            _ => Err(()),
        }
    }
}
