//! Who hears of a step in the review of a build: the product's owner, who submitted it, those who review, and those who follow
//! the product. They don't hear of rejections: what is told of a draft is to be had once it is published, too.

use super::{Step, history};
use crate::core::Result;
use crate::core::db::Tx;
use crate::core::event::{EventType, NewEvent, Stream};
use crate::core::id::Id;
use crate::core::model::{Build, User, Verdict};

/// The longest reason in a sentence.
const LONGEST: usize = 500;

/// The event of a step that `new` is the outcome of.
///
/// # Errors
/// When the database is away.
pub async fn event(tx: &Tx, old: Option<&Build>, new: &Build, step: Step<'_>) -> Result<NewEvent> {
    let (kind, what) = match step.verdict {
        Verdict::Submitted => (EventType::Submitted, "submitted for review"),
        Verdict::Checked => (EventType::Checked, "let pass by the check"),
        Verdict::Validated => (EventType::Validated, "validated"),
        Verdict::Rejected => (EventType::Rejected, "rejected"),
        Verdict::Published => (EventType::Published, "published"),
        Verdict::Yanked => (EventType::Yanked, "yanked"),
    };
    let reason = match step.remark {
        None => ".".to_owned(),
        Some(remark) => format!(": {}", remark.as_str().chars().take(LONGEST).collect::<String>()),
    };
    let event = NewEvent::of_build(kind, new, true, format!("Build {} was {what}{reason}", new.version));
    let event = match step.remark {
        Some(remark) => event.because(remark.as_str()),
        None => event,
    };
    // What was never handed in is nobody's to decide.
    if matches!(step.verdict, Verdict::Published) && new.submitted_at.is_none() {
        return Ok(event);
    }
    Ok(event.also_on(concerned(tx, old, new).await?))
}

/// The streams of those whom the review of a build concerns.
async fn concerned(tx: &Tx, old: Option<&Build>, new: &Build) -> Result<Vec<Stream>> {
    let owner: Option<(Id<User>,)> =
        tx.optional(crate::sql!("select user_id from products where id = $1", new.product_id)).await?;
    // A rejection takes the submission away.
    let submitted = [Some(new), old].into_iter().flatten().find(|build| build.submitted_at.is_some());
    let submitter = match submitted {
        Some(build) => history::submission(tx, build).await?.flatten(),
        None => None,
    };
    let users = owner.map(|(owner,)| owner).into_iter().chain(submitter);
    Ok(users.map(Stream::Account).chain([Stream::Review]).collect())
}
