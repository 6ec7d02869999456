//! The history of reviews: who decided what of a build.

use uuid::Uuid;

use super::{check, step};
use crate::core::Result;
use crate::core::access::Caller;
use crate::core::clock::{self, Timestamp};
use crate::core::db::{Db, Tx};
use crate::core::field::Remark;
use crate::core::id::Id;
use crate::core::model::{Build, User, Verdict};

/// Keeps the step that a change of a build is, in the transaction of the change.
///
/// # Errors
/// When the database refuses or is away.
pub async fn record(tx: &Tx, caller: &Caller, old: Option<&Build>, new: &Build) -> Result<()> {
    let Some(step) = step(old, new) else { return Ok(()) };
    if step.verdict == Verdict::Submitted && caller.requires.check {
        check::enqueue(tx, new).await?;
    }
    // By these, submissions and validations are found again.
    let at = match step.verdict {
        Verdict::Submitted => new.submitted_at,
        Verdict::Validated => new.validated_at,
        _ => None,
    };
    write(tx, new.id, caller.user_id(), step.verdict, step.remark, at.unwrap_or_else(clock::now)).await
}

/// Keeps a step, which happens now: the build is locked, so all before it have happened. Ids that grow keep steps of one
/// instant in order.
pub(super) async fn write(
    tx: &Tx,
    build: Id<Build>,
    user: Option<Id<User>>,
    verdict: Verdict,
    remark: Option<&Remark>,
    at: Timestamp,
) -> Result<()> {
    tx.execute(crate::sql!(
        "insert into reviews (id, build_id, user_id, verdict, remark, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $6)",
        Uuid::now_v7(),
        build,
        user,
        verdict.word(),
        remark.cloned(),
        at
    ))
    .await
    .map(drop)
}

/// Who submitted a build, as far as that is still known; none if nobody did.
pub(super) async fn submission(db: &Db, build: &Build) -> Result<Option<Option<Id<User>>>> {
    let Some(at) = build.submitted_at else { return Ok(None) };
    let found: Option<(Option<Id<User>>,)> = db
        .optional(crate::sql!(
            "select user_id from reviews where build_id = $1 and created_at = $2 and verdict = 'submitted'",
            build.id,
            at
        ))
        .await?;
    Ok(found.map(|(user,)| user))
}

/// Whether a build was submitted by somebody and validated by somebody else.
pub(super) async fn has_four_eyes(db: &Db, build: &Build) -> Result<bool> {
    db.exists(crate::sql!(
        "select 1 from reviews as submitted join reviews as validated on validated.build_id = submitted.build_id \
         where submitted.build_id = $1 and submitted.verdict = 'submitted' and submitted.created_at = $2 \
         and validated.verdict = 'validated' and validated.created_at = $3 and validated.user_id <> submitted.user_id",
        build.id,
        build.submitted_at,
        build.validated_at
    ))
    .await
}
