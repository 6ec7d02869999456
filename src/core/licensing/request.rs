//! What is asked for.

use uuid::Uuid;

use crate::core::access::Caller;
use crate::core::field::Natural;
use crate::core::id::Id;
use crate::core::model::{Group, PartyType, Product, User};

/// For whom it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Claimant {
    /// A user, by the user's own claims or by those of the user's groups.
    User(Id<User>),
    /// A group, by its claims.
    Group(Id<Group>),
    /// Whoever asks, by permission and not by any claim.
    Caller,
}

impl Claimant {
    /// What kind of party it is.
    pub fn party(self) -> PartyType {
        match self {
            Self::User(_) | Self::Caller => PartyType::User,
            Self::Group(_) => PartyType::Group,
        }
    }

    /// The id of the user or group.
    pub fn id(self, caller: &Caller) -> Uuid {
        match self {
            Self::User(id) => id.uuid(),
            Self::Group(id) => id.uuid(),
            Self::Caller => caller.user_id().map(Id::uuid).unwrap_or_default(),
        }
    }
}

/// The wish to use a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Request {
    /// For whom.
    pub claimant: Claimant,
    /// The product.
    pub product: Id<Product>,
    /// For how many uses.
    pub quantity: Natural,
}
