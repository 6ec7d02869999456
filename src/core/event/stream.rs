//! Streams: what events are kept apart by.

use std::fmt;
use std::str::FromStr;

use crate::core::access::{Caller, Verb};
use crate::core::id::Id;
use crate::core::model::{Attempt, Claim, Entitlement, User, Voucher};
use crate::core::resource::Resource;

/// A stream of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// What is published in and withdrawn from the catalogue.
    Catalog,
    /// What concerns the rights of a user.
    Account(Id<User>),
    /// Who asked to use what.
    Audit,
}

impl Stream {
    /// Whether a caller may receive what the stream tells of a kind of resource. Of the catalogue, each event decides.
    pub(super) fn is_open_to(self, caller: &Caller, resource_type: &str) -> bool {
        let tables = [&Entitlement::TABLE, &Claim::TABLE, &Voucher::TABLE];
        let table = || tables.into_iter().find(|table| table.name == resource_type);
        match self {
            Self::Catalog => true,
            Self::Account(user) => {
                caller.user_id() == Some(user)
                    && table().is_some_and(|table| caller.covers(table.permission(), Verb::Read))
            }
            Self::Audit => caller.permits(Attempt::TABLE.permission(), Verb::Read),
        }
    }

    /// The names of the kinds of resources that the stream tells a caller of, where it is not the event that decides.
    pub(super) fn kinds(self, caller: &Caller) -> Vec<&'static str> {
        let all = [Entitlement::TABLE.name, Claim::TABLE.name, Voucher::TABLE.name, Attempt::TABLE.name];
        all.into_iter().filter(|kind| self.is_open_to(caller, kind)).collect()
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalog => f.write_str("catalog"),
            Self::Account(user) => write!(f, "account:{user}"),
            Self::Audit => f.write_str("audit"),
        }
    }
}

impl FromStr for Stream {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.split_once(':') {
            None if text == "catalog" => Ok(Self::Catalog),
            None if text == "audit" => Ok(Self::Audit),
            Some(("account", user)) => user.parse().map(Self::Account).map_err(|_| ()),
            _ => Err(()),
        }
    }
}
