//! The first administrator: a token holds `everything.manage` until a person does who can sign in.

use std::sync::Arc;

use uuid::Uuid;

use super::{Actor, Credential, Permissions, Principal, Verb};
use crate::core::Result;
use crate::core::clock::Timestamp;
use crate::core::db::{Db, Json, Tx};
use crate::core::secret::Secret;

/// The id of the seeded user `administrator`, as whom the token acts. That user has no identity and can't log in.
pub const ID: Uuid = Uuid::from_u128(0x5ced_ed00_0000_4000_8000_0000_0000_0001);

/// The token of the first administrator: the operator's, else one derived from the marketplace's secret key, so that
/// every server of one marketplace knows the same and a restart does not change it.
pub fn token(configured: Option<Secret>, secret_key: &Secret) -> Secret {
    configured.unwrap_or_else(|| secret_key.derive("token of the first administrator"))
}

/// Whom the token stands for.
pub fn principal() -> Principal {
    Principal {
        actor: Actor::User(ID.into()),
        permissions: Arc::new(Permissions::everything()),
        credential: Arc::new(Credential::default()),
    }
}

/// Whether a person is an administrator by now and can sign in, which ends the token: by an identity of a provider that is
/// enabled, or by a token that has not expired.
///
/// # Errors
/// When the database is away.
pub async fn exists(db: &Db, now: Timestamp) -> Result<bool> {
    let roles: Vec<(Json<Permissions>,)> = db
        .all(crate::sql!(
            "with able as (select user_id from tokens where expires_at > $2 and user_id <> $1 \
             union select identities.user_id from identities \
             join identity_providers on identity_providers.id = identities.identity_provider_id \
             where identity_providers.enabled_at <= $2 and identities.user_id <> $1) \
             select permissions from roles where id in (select role_id from appointments \
             where user_id in (select user_id from able) \
             or group_id in (select group_id from members where user_id in (select user_id from able)))",
            ID,
            now
        ))
        .await?;
    Ok(roles.iter().any(|(Json(permissions),)| permissions.permit("everything", Verb::Manage)))
}

/// Appoints a user to a role, unless that is so already.
///
/// # Errors
/// When the database refuses.
pub async fn appoint(tx: &Tx, role: Uuid, user: Uuid, now: Timestamp) -> Result<()> {
    tx.execute(crate::sql!(
        "insert into appointments (id, role_id, entity_type, entity_id, created_at, updated_at) values ($1, $2, 'User', $3, $4, $4) \
         on conflict do nothing",
        Uuid::new_v4(),
        role,
        user,
        now
    ))
    .await
    .map(drop)
}
