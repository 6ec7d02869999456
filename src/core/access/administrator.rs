//! The first administrator: a token holds `everything.manage` until a person does.

use uuid::Uuid;

use super::{Caller, Permissions, Verb};
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

/// Whether a person is an administrator by now, which ends the token.
///
/// # Errors
/// When the database is away.
pub async fn exists(db: &Db) -> Result<bool> {
    let roles: Vec<(Json<Permissions>,)> = db
        .all(crate::sql!(
            "select roles.permissions from roles where exists (select 1 from appointments \
             where appointments.role_id = roles.id and entity_type = 'User' and entity_id <> $1)",
            ID
        ))
        .await?;
    Ok(roles.iter().any(|(Json(permissions),)| permissions.permit("everything", Verb::Manage)))
}

/// The caller that a candidate token makes, if it is the administrator's and still holds.
///
/// # Errors
/// When the database is away.
pub async fn authenticate(
    db: &Db,
    token: &Secret,
    candidate: &str,
    origin: std::sync::Arc<str>,
) -> Result<Option<Caller>> {
    if !token.matches(candidate) || exists(db).await? {
        return Ok(None);
    }
    Ok(Some(Caller::administrator(origin)))
}

/// Appoints a user to a role.
///
/// # Errors
/// When the database refuses.
pub async fn appoint(tx: &Tx, role: Uuid, user: Uuid, now: Timestamp) -> Result<()> {
    tx.execute(crate::sql!(
        "insert into appointments (id, role_id, entity_type, entity_id, created_at, updated_at) values ($1, $2, 'User', $3, $4, $4)",
        Uuid::new_v4(),
        role,
        user,
        now
    ))
    .await
    .map(drop)
}
