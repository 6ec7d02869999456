//! The operator's check of submissions: which of them wait for it, and what comes of its verdict. A submission stays in the table
//! until all that follows from its verdict is done; who takes it has it for a while, so that after a crash another does.

use chrono::TimeDelta;

use super::history;
use crate::core::access::{Caller, Credential, Principal};
use crate::core::clock::{self, Timestamp};
use crate::core::db::{Db, FromRow, Statement, Tx};
use crate::core::field::Remark;
use crate::core::id::Id;
use crate::core::model::{Build, Product, User, Verdict};
use crate::core::{Error, Kind, Result, resource};

/// The most lines of a message, and the most characters.
const LINES: usize = 20;
const CHARACTERS: usize = 2000;
/// The first and the longest pause before a check is tried again that could not be made, in seconds.
const PAUSE: i64 = 5;
const LONGEST_PAUSE: i64 = 3600;

/// A submission that waits for the check.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The build.
    pub build: Build,
    /// The name of its product.
    pub product_name: String,
    /// Who submitted it, as far as that is known.
    pub submitter: Option<Id<User>>,
    /// Who wants it published once it has passed.
    publisher: Option<Id<User>>,
    tries: i64,
}

#[derive(FromRow)]
struct Row {
    build_id: Id<Build>,
    submitted_at: Timestamp,
    publisher_id: Option<Id<User>>,
    tries: i64,
    due_at: Timestamp,
}

/// Has a build that was just submitted checked.
pub(super) async fn enqueue(tx: &Tx, build: &Build) -> Result<()> {
    tx.execute(crate::sql!(
        "insert into build_checks (build_id, submitted_at, tries, due_at) values ($1, $2, 0, $2) \
         on conflict (build_id) do update set submitted_at = excluded.submitted_at, publisher_id = null, tries = 0, \
         due_at = excluded.due_at",
        build.id,
        build.submitted_at
    ))
    .await
    .map(drop)
}

/// Has a build published once it has passed the check, if this user may still publish it then.
///
/// # Errors
/// When the database refuses or is away.
pub async fn publish_once_passed(tx: &Tx, build: Id<Build>, publisher: Option<Id<User>>) -> Result<()> {
    tx.execute(crate::sql!("update build_checks set publisher_id = $2 where build_id = $1", build, publisher))
        .await
        .map(drop)
}

/// Takes the submission that has waited longest, and has it for so long.
///
/// # Errors
/// When the database is away.
pub async fn take(db: &Db, now: Timestamp, lease: TimeDelta) -> Result<Option<Submission>> {
    let due = crate::sql!("select * from build_checks where due_at <= $1 order by due_at, build_id limit 1", now);
    let Some(row) = db.optional::<Row>(due).await? else { return Ok(None) };
    let tx = db.begin().await?;
    let taken = tx
        .execute(crate::sql!(
            "update build_checks set due_at = $3, tries = tries + 1 where build_id = $1 and due_at = $2",
            row.build_id,
            row.due_at,
            Timestamp::from(now.datetime() + lease)
        ))
        .await?;
    if taken == 0 {
        // Another was faster.
        return Ok(None);
    }
    let build: Option<Build> = tx.optional(crate::sql!("select * from builds where id = $1", row.build_id)).await?;
    let submission = match build.filter(|build| build.submitted_at == Some(row.submitted_at)) {
        Some(build) => Some(submission(&tx, build, &row).await?),
        None => {
            done(&tx, row.build_id, row.submitted_at).await?;
            None
        }
    };
    tx.commit().await?;
    Ok(submission)
}

async fn submission(db: &Db, build: Build, row: &Row) -> Result<Submission> {
    let (product_name,) = db.one(crate::sql!("select name from products where id = $1", build.product_id)).await?;
    let submitter = history::submission(db, &build).await?.flatten();
    Ok(Submission { build, product_name, submitter, publisher: row.publisher_id, tries: row.tries })
}

/// There is nothing more to do for a submission.
async fn done(tx: &Tx, build: Id<Build>, submitted_at: Timestamp) -> Result<()> {
    let delete = crate::sql!("delete from build_checks where build_id = $1 and submitted_at = $2", build, submitted_at);
    tx.execute(delete).await.map(drop)
}

impl Submission {
    /// Whether it has passed already, and what follows from that is left to do.
    pub fn has_passed(&self) -> bool {
        self.build.checked_at.is_some()
    }

    /// Lets it pass.
    ///
    /// # Errors
    /// When the database refuses or is away.
    pub async fn pass(&self, db: &Db, caller: &Caller, message: &str) -> Result<()> {
        let tx = db.begin().await?;
        let Some(old) = self.lock(&tx).await? else { return Ok(()) };
        let mut new = old.clone();
        new.checked_at = Some(clock::now());
        let new = resource::replace(&tx, caller, &old, new).await?;
        history::write(&tx, new.id, None, Verdict::Checked, remark(message).as_ref(), clock::now()).await?;
        tx.commit().await
    }

    /// Turns it down.
    ///
    /// # Errors
    /// When the database refuses or is away.
    pub async fn fail(&self, db: &Db, caller: &Caller, message: &str) -> Result<()> {
        let tx = db.begin().await?;
        if let Some(old) = self.lock(&tx).await? {
            let mut new = old.clone();
            let silent = || "The marketplace's check failed, and does not say why.".parse().map_err(Error::internal);
            new.mark_rejected(clock::now(), remark(message).map_or_else(silent, Ok)?);
            resource::replace(&tx, caller, &old, new).await?;
        }
        self.finish(&tx).await?;
        tx.commit().await
    }

    /// Publishes it, and its product, if that is wanted of somebody who still may; and is done with it.
    ///
    /// # Errors
    /// When the database refuses or is away.
    pub async fn conclude(&self, db: &Db, caller: &Caller) -> Result<()> {
        if let Some(publisher) = self.publisher {
            let principal = Principal::user(db, publisher, Credential::default()).await?;
            let publisher = Caller { principal, ..caller.clone() };
            let product = self.build.product_id.uuid();
            let published = match Build::publish(db, &publisher, product, self.build.id.uuid(), None).await {
                Ok(_) => Product::publish(db, &publisher, product).await.map(drop),
                Err(error) => Err(error),
            };
            match published {
                // It stays submitted, for somebody else to decide.
                Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Forbidden | Kind::Conflict) => {}
                published => published?,
            }
        }
        let tx = db.begin().await?;
        self.finish(&tx).await?;
        tx.commit().await
    }

    /// Has it tried again later, when the check could not be made.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn postpone(&self, db: &Db, now: Timestamp) -> Result<()> {
        let doubled = PAUSE << self.tries.clamp(0, 16);
        let due = Timestamp::from(now.datetime() + TimeDelta::seconds(doubled.min(LONGEST_PAUSE)));
        let later = "update build_checks set due_at = $3 where build_id = $1 and submitted_at = $2";
        let tx = db.begin().await?;
        tx.execute(Statement::new(later).bind(self.build.id).bind(self.build.submitted_at).bind(due)).await?;
        tx.commit().await
    }

    /// The build as it is now, if it is still this submission, held until the transaction ends.
    async fn lock(&self, tx: &Tx) -> Result<Option<Build>> {
        tx.lock_row("builds", self.build.id.uuid()).await?;
        let now: Option<Build> = tx.optional(crate::sql!("select * from builds where id = $1", self.build.id)).await?;
        Ok(now.filter(|now| {
            now.is_in_review() && now.submitted_at == self.build.submitted_at && now.checked_at.is_none()
        }))
    }

    async fn finish(&self, tx: &Tx) -> Result<()> {
        match self.build.submitted_at {
            Some(at) => done(tx, self.build.id, at).await,
            None => Ok(()),
        }
    }
}

/// The first lines of what a check says; none if it says nothing.
fn remark(message: &str) -> Option<Remark> {
    let lines: Vec<&str> = message.lines().map(str::trim_end).filter(|line| !line.is_empty()).take(LINES).collect();
    let printable = |c: char| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c };
    lines.join("\n").chars().take(CHARACTERS).map(printable).collect::<String>().parse().ok()
}
