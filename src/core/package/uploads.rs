//! Files on their way into a package: sent ahead, so that all that the package asks for can be done in one transaction once
//! they are there. Only who sent a file can have it in a package: to know what it consists of is not to have it.

use crate::core::access::{Caller, Verb};
use crate::core::db::{Db, FromRow};
use crate::core::field::MimeType;
use crate::core::files::{FileKind, Sha256, Stored};
use crate::core::id::Id;
use crate::core::model::User;
use crate::core::{Error, Kind, Result};

/// Nothing, if the caller may send files for packages: whoever has products, or may make some.
///
/// # Errors
/// When the caller is not one of these, or the database is away.
pub async fn allow(db: &Db, caller: &Caller) -> Result<()> {
    caller.require_signed_in()?;
    if caller.permits("products", Verb::Create) {
        return Ok(());
    }
    let user = caller.user_id().filter(|_| caller.covers("builds", Verb::Create));
    let user = user.ok_or_else(|| caller.refusal("builds", Verb::Create))?;
    let owns = crate::sql!("select 1 from products where user_id = $1 limit 1", user);
    if db.exists(owns).await? { Ok(()) } else { Err(caller.refusal("products", Verb::Create)) }
}

/// Keeps a file for a package of the caller's, for a day.
///
/// # Errors
/// [`Kind::Invalid`] when it is not what it was said to be, or when the database is away.
pub async fn keep(db: &Db, caller: &Caller, kind: FileKind, said: &Sha256, file: &Stored) -> Result<()> {
    if file.sha256 != *said {
        let message =
            format!("The file arrived as sha256:{}, so it was changed on its way. Send it again.", file.sha256);
        return Err(Error::new(Kind::Invalid, message));
    }
    let user = sender(caller)?;
    let tx = db.begin().await?;
    tx.execute(crate::sql!(
        "insert into uploads (user_id, sha256, kind, media_type, created_at) values ($1, $2, $3, $4, $5) \
         on conflict (user_id, sha256, kind) do update set \
         media_type = excluded.media_type, created_at = excluded.created_at",
        user,
        file.sha256.as_str(),
        kind.word(),
        file.media_type.clone(),
        caller.now
    ))
    .await?;
    tx.commit().await
}

/// Who sends files: only users do.
pub(super) fn sender(caller: &Caller) -> Result<Id<User>> {
    caller.user_id().ok_or_else(|| caller.refusal("builds", Verb::Create))
}

/// The file of this content that the caller has sent.
pub(super) async fn find(db: &Db, caller: &Caller, kind: FileKind, sha256: &Sha256) -> Result<Option<Stored>> {
    #[derive(FromRow)]
    struct Row {
        size: i64,
        media_type: Option<MimeType>,
    }
    let Some(user) = caller.user_id() else { return Ok(None) };
    let select = crate::sql!(
        "select files.size, uploads.media_type from uploads join files on files.sha256 = uploads.sha256 \
         where uploads.user_id = $1 and uploads.sha256 = $2 and uploads.kind = $3",
        user,
        sha256.as_str(),
        kind.word()
    );
    let found: Option<Row> = db.optional(select).await?;
    Ok(found.map(|Row { size, media_type }| Stored { sha256: sha256.clone(), size, media_type, name: None }))
}
