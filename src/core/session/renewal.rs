//! What credentials stand for now that were checked before: for connections that outlive many a right.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use uuid::Uuid;

use super::{HOLDS, PLATFORM_MINUTES};
use crate::core::Result;
use crate::core::access::{Actor, Permissions, Principal, administrator};
use crate::core::clock::Timestamp;
use crate::core::db::{Db, FromRow, Json, Statement};
use crate::core::field::Hashed;
use crate::core::id::Id;
use crate::core::model::{Platform, Token, User};

/// Each principal with the rights that it has now, and `None` for each whose credential no longer holds. However many there
/// are, it takes as many statements.
///
/// # Errors
/// When the database is away.
pub async fn renew(db: &Db, principals: &[Principal], now: Timestamp) -> Result<Vec<Option<Principal>>> {
    let tokens = tokens(db, principals, now).await?;
    let platforms = platforms(db, principals).await?;
    let mut permissions = permissions(db, principals).await?;
    let mut nobody_else = None;
    let mut renewed = Vec::with_capacity(principals.len());
    for principal in principals {
        let credential = &principal.credential;
        let in_time = credential.expires_at.is_none_or(|end| end > now);
        let holds = in_time
            && match (principal.actor, credential.token) {
                (Actor::Anonymous, _) => true,
                (Actor::User(_), Some(token)) => {
                    tokens.get(&token).is_some_and(|secret| credential.secret.as_ref() == Some(secret))
                }
                // The token of the first administrator holds for as long as there is no other.
                (Actor::User(_), None) => match nobody_else {
                    Some(nobody_else) => nobody_else,
                    None => *nobody_else.insert(!administrator::exists(db, now).await?),
                },
                (Actor::Platform(id), _) => {
                    let given = |end: Timestamp| end.unix_seconds() - PLATFORM_MINUTES * 60 + 1;
                    let given_at = credential.expires_at.map(|end| Timestamp::from_unix_seconds(given(end)));
                    platforms.get(&id).is_some_and(|keyed_at| Some(*keyed_at) <= given_at)
                }
            };
        renewed.push(holds.then(|| match principal.actor {
            Actor::User(id) if credential.token.is_some() => {
                Principal { permissions: permissions.entry(id).or_default().clone(), ..principal.clone() }
            }
            _ => principal.clone(),
        }));
    }
    Ok(renewed)
}

/// Those of the tokens that hold, each with the hash of what signs in with it.
async fn tokens(db: &Db, principals: &[Principal], now: Timestamp) -> Result<HashMap<Id<Token>, Hashed>> {
    let ids = distinct(principals, |principal| principal.credential.token.map(Id::uuid));
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut select = Statement::new(format!("select id, secret from tokens where {HOLDS} and ")).bind(now);
    db.dialect().push_any("id", &ids, &mut select);
    let rows: Vec<(Id<Token>, Hashed)> = db.all(select).await?;
    Ok(rows.into_iter().collect())
}

/// When each of the platforms that has a key was last changed.
async fn platforms(db: &Db, principals: &[Principal]) -> Result<HashMap<Id<Platform>, Timestamp>> {
    let ids = distinct(principals, |principal| match principal.actor {
        Actor::Platform(id) => Some(id.uuid()),
        Actor::Anonymous | Actor::User(_) => None,
    });
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut select = Statement::new("select id, updated_at from platforms where public_key is not null and ");
    db.dialect().push_any("id", &ids, &mut select);
    let rows: Vec<(Id<Platform>, Timestamp)> = db.all(select).await?;
    Ok(rows.into_iter().collect())
}

#[derive(FromRow)]
struct Held {
    user_id: Id<User>,
    permissions: Json<Permissions>,
}

/// The permissions of all roles of each user.
async fn permissions(db: &Db, principals: &[Principal]) -> Result<HashMap<Id<User>, Arc<Permissions>>> {
    let ids = distinct(principals, |principal| match principal.actor {
        Actor::User(id) => Some(id.uuid()),
        Actor::Anonymous | Actor::Platform(_) => None,
    });
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut select = Statement::new(
        "select appointments.user_id, roles.permissions from appointments \
         join roles on roles.id = appointments.role_id where ",
    );
    db.dialect().push_any("appointments.user_id", &ids, &mut select);
    select.push(
        " union all select members.user_id, roles.permissions from members \
         join appointments on appointments.group_id = members.group_id \
         join roles on roles.id = appointments.role_id where ",
    );
    db.dialect().push_any("members.user_id", &ids, &mut select);
    let rows: Vec<Held> = db.all(select).await?;
    let mut all: HashMap<Id<User>, Permissions> = HashMap::new();
    for Held { user_id, permissions: Json(role) } in rows {
        let held = all.entry(user_id).or_default();
        *held = std::mem::take(held).merged(role);
    }
    Ok(all.into_iter().map(|(user, permissions)| (user, Arc::new(permissions))).collect())
}

fn distinct(principals: &[Principal], id: impl Fn(&Principal) -> Option<Uuid>) -> Vec<Uuid> {
    principals.iter().filter_map(id).collect::<HashSet<_>>().into_iter().collect()
}
