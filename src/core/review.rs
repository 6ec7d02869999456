//! Review: what the operator requires of builds before they are published, and what a change of a build means for its review.
//! Each step is kept by `history` and told by `told`.

pub mod check;
mod history;
mod told;

use serde::Serialize;

use super::access::Caller;
use super::db::{Db, Tx};
use super::field::Remark;
use super::model::{Build, Verdict};
use super::{Error, Result};

pub use history::record;
pub use told::event;

/// What the operator requires of a build before it is published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Requirements {
    /// That somebody other than who submitted it has validated it.
    pub review: bool,
    /// That it has passed the operator's check.
    pub check: bool,
    /// That its manifest has no warnings, where it comes by one.
    pub strict: bool,
}

/// A step in the review of a build.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    pub remark: Option<&'a Remark>,
}

/// The step in its review that a change of a build is, if it is one.
pub fn step<'a>(old: Option<&Build>, new: &'a Build) -> Option<Step<'a>> {
    macro_rules! is_new {
        ($field:ident) => {
            new.$field.is_some() && old.and_then(|build| build.$field.as_ref()) != new.$field.as_ref()
        };
    }
    let (verdict, remark) = if is_new!(published_at) {
        (Verdict::Published, None)
    } else if is_new!(yanked_at) || is_new!(yank_reason) {
        (Verdict::Yanked, new.yank_reason.as_ref())
    } else if is_new!(rejected_at) || is_new!(rejection) {
        (Verdict::Rejected, new.rejection.as_ref())
    } else if is_new!(validated_at) {
        (Verdict::Validated, None)
    } else if is_new!(checked_at) {
        (Verdict::Checked, None)
    } else if is_new!(submitted_at) {
        (Verdict::Submitted, None)
    } else {
        return None;
    };
    Some(Step { verdict, remark })
}

/// Nothing, if the state of a build allows this step.
///
/// # Errors
/// [`Kind::Conflict`](super::Kind::Conflict) with what is missing.
pub async fn guard(tx: &Tx, caller: &Caller, old: &Build, new: &Build) -> Result<()> {
    let version = &old.version;
    match step(Some(old), new).map(|step| step.verdict) {
        Some(Verdict::Submitted | Verdict::Rejected) if old.published_at.is_some() => Err(Error::conflict(format!(
            "Build {version} is published: it can't be submitted or rejected any more. Yank it to withdraw it."
        ))),
        Some(Verdict::Validated) if caller.requires.review => require_other_than_submitter(tx, caller, old).await,
        Some(Verdict::Published) => match caller.requires.missing(tx, new).await? {
            Some(missing) => Err(Error::conflict(missing)),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Nothing, if a build was submitted by somebody else.
async fn require_other_than_submitter(tx: &Tx, caller: &Caller, build: &Build) -> Result<()> {
    let conflict = |why: &str| Err(Error::conflict(format!("Build {} {why}", build.version)));
    match history::submission(tx, build).await? {
        None => conflict("was not submitted for review. Submit it first."),
        Some(submitter) if submitter == caller.user_id() => {
            conflict("was submitted by you. This marketplace has it validated by somebody else.")
        }
        Some(_) => Ok(()),
    }
}

impl Requirements {
    /// What a build lacks to be published, if it lacks anything.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn missing(self, db: &Db, build: &Build) -> Result<Option<String>> {
        let why = if !self.review && !self.check {
            return Ok(None);
        } else if build.submitted_at.is_none() {
            "it has to be submitted for review first."
        } else if self.check && build.checked_at.is_none() {
            "it has to pass the marketplace's check first."
        } else if self.review && !history::has_four_eyes(db, build).await? {
            "somebody other than who submitted it has to validate it first."
        } else {
            return Ok(None);
        };
        Ok(Some(format!("Build {} can't be published yet: {why}", build.version)))
    }
}
