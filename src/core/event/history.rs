//! What is still kept of a stream, by offsets: for those who come back and want what they missed.

use chrono::Duration;
use uuid::Uuid;

use super::log::{Row, select_deliveries};
use super::{Delivery, Stream, last_offset, newest_position};
use crate::core::Result;
use crate::core::clock::{self, Timestamp};
use crate::core::db::{Db, Statement};

/// How many old events go in one transaction: those who write wait for no more than that.
const AT_ONCE: i64 = 5000;

/// What is kept of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The offset of the oldest event that is kept; of the next to come where none is.
    pub oldest: i64,
    /// The offset of the last event there was; 0 before the first.
    pub last: i64,
}

impl Bounds {
    /// Whether all that came after an offset is kept. An offset from the future was given by another marketplace.
    pub fn cover(&self, offset: i64) -> bool {
        offset <= self.last && offset + 1 >= self.oldest
    }
}

/// What is kept of a stream.
///
/// # Errors
/// When the database is away.
pub async fn bounds(db: &Db, stream: Stream) -> Result<Bounds> {
    let name = stream.to_string();
    // The last first: what comes meanwhile is no reason to refuse anybody.
    let last = last_offset(db, &name).await?;
    let oldest: Option<i64> =
        db.scalar(crate::sql!("select min(stream_offset) from event_streams where stream = $1", name)).await?;
    Ok(Bounds { oldest: oldest.unwrap_or(last + 1), last })
}

/// The events of a stream after an offset, oldest first, whoever may read them.
///
/// # Errors
/// When the database is away.
pub async fn from(db: &Db, stream: Stream, offset: i64, limit: i64) -> Result<Vec<Delivery>> {
    let mut select = select_deliveries(clock::now(), "");
    select.push("event_streams.stream = ").push_arg(stream.to_string());
    select.push(" and event_streams.stream_offset > ").push_arg(offset);
    select.push(" order by event_streams.stream_offset limit ").push_arg(limit);
    let rows: Vec<Row> = db.all(select).await?;
    rows.into_iter().map(Delivery::try_from).collect()
}

/// The offset before the first event of a stream that happened at an instant or later; none if some of those may be
/// forgotten already.
///
/// # Errors
/// When the database is away.
pub async fn offset_before(db: &Db, stream: Stream, instant: Timestamp) -> Result<Option<i64>> {
    let name = stream.to_string();
    let last = last_offset(db, &name).await?;
    let first: Option<i64> = db
        .scalar(crate::sql!(
            "select min(event_streams.stream_offset) from events join event_streams \
             on event_streams.position = events.position where event_streams.stream = $1 and events.occurred_at >= $2",
            name,
            instant
        ))
        .await?;
    // Last, so that what is forgotten meanwhile is not overlooked.
    let forgotten: Option<(String,)> = db.optional(Statement::new(FORGOTTEN)).await?;
    let forgotten = forgotten.and_then(|(until,)| until.parse::<Timestamp>().ok());
    let kept = forgotten.is_none_or(|until| until < instant);
    Ok(kept.then_some(first.map_or(last, |first| first - 1)))
}

/// Until when events are forgotten.
const FORGOTTEN: &str = "select value from settings where name = 'events_forgotten'";

/// What offsets count in: another epoch, and offsets of before mean nothing. There is one for the whole database; whoever
/// puts an old copy of it in place gives it another by deleting this setting.
///
/// # Errors
/// When the database is away.
pub async fn epoch(db: &Db) -> Result<String> {
    let tx = db.begin().await?;
    let fresh: String = Uuid::new_v4().simple().to_string().chars().take(8).collect();
    tx.execute(crate::sql!(
        "insert into settings (name, value) values ('epoch', $1) on conflict (name) do nothing",
        fresh
    ))
    .await?;
    let epoch = tx.scalar(crate::sql!("select value from settings where name = 'epoch'")).await?;
    tx.commit().await?;
    Ok(epoch)
}

/// Forgets events that are older than so many days, and all but the newest so many. Answers how many went.
///
/// # Errors
/// When the database is away.
pub async fn prune(db: &Db, now: Timestamp, days: u32, count: u32) -> Result<u64> {
    let before = Timestamp::from(now.datetime() - Duration::days(days.into()));
    let surplus = newest_position(db).await? - i64::from(count);
    let mut gone = 0;
    loop {
        let oldest: Option<i64> = db.scalar(crate::sql!("select min(position) from events")).await?;
        let Some(oldest) = oldest else { return Ok(gone) };
        let tx = db.begin().await?;
        // From the oldest on without a gap, so that what is kept of each stream has none either.
        let young = "select min(position) from events where occurred_at >= ";
        let old = |action: &str| {
            let mut old = Statement::new(format!("{action} from events where position < "));
            old.push_arg(oldest + AT_ONCE).push(" and (position <= ").push_arg(surplus);
            old.push(" or position < coalesce((").push(young).push_arg(before).push("), position + 1))");
            old
        };
        let until: Option<Timestamp> = tx.scalar(old("select max(occurred_at)")).await?;
        if let Some(until) = until {
            tx.execute(crate::sql!(
                "insert into settings (name, value) values ('events_forgotten', $1) on conflict (name) do update \
                 set value = excluded.value",
                until.to_string()
            ))
            .await?;
        }
        let deleted = tx.execute(old("delete")).await?;
        tx.commit().await?;
        gone += deleted;
        if deleted < AT_ONCE as u64 {
            return Ok(gone);
        }
    }
}
