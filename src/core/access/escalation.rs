//! Nobody gives more than they have: who may write roles or appoint, make credentials for others, or say whose word is taken
//! for who they are, gains nothing by it.

use super::{Caller, Permissions};
use crate::core::db::Db;
use crate::core::id::Id;
use crate::core::model::{IdentityProvider, User};
use crate::core::{Error, Kind, Result};

/// Nothing, if the caller has all these permissions, which somebody is about to get.
///
/// # Errors
/// [`Kind::Forbidden`] with the first that the caller lacks.
pub fn require_no_more_than_own(caller: &Caller, given: &Permissions) -> Result<()> {
    match caller.permissions().first_beyond(given) {
        None => Ok(()),
        Some(missing) => Err(Error::new(
            Kind::Forbidden,
            format!("This would give the permission {missing}, which you lack. Nobody gives more than they have."),
        )),
    }
}

/// Nothing, if the caller is this user or has all that this user has: whoever can sign in as somebody can do what they can.
///
/// # Errors
/// [`Kind::Forbidden`] with the first permission that the caller lacks.
pub async fn require_no_more_than_user(db: &Db, caller: &Caller, user: Id<User>) -> Result<()> {
    if caller.user_id() == Some(user) {
        return Ok(());
    }
    require_no_more_than_own(caller, &Permissions::of_user(db, user).await?)
}

/// Nothing, if the caller has all that those have who sign in with this provider: whoever says what it is can be any of them.
///
/// # Errors
/// [`Kind::Forbidden`] with the first permission that the caller lacks.
pub async fn require_no_more_than_users_of(db: &Db, caller: &Caller, provider: Id<IdentityProvider>) -> Result<()> {
    require_no_more_than_own(caller, &Permissions::of_users_of(db, provider).await?)
}
