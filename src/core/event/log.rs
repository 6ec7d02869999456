//! The outbox: writing events inside a transaction, reading them in order.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;
use uuid::Uuid;

use super::{Delivery, NewEvent, Stream, reads_drafts};
use crate::core::access::{Caller, Verb};
use crate::core::clock::{self, Timestamp};
use crate::core::db::{Db, FromRow, Statement};
use crate::core::id::Id;
use crate::core::model::{Product, User};
use crate::core::resource::Resource;
use crate::core::{Error, Result};

/// Writes events at the end of the transaction of their change. Takes the log's lock, which the commit releases.
///
/// # Errors
/// When the database refuses or is away.
pub async fn write(db: &Db, events: &[NewEvent]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let now = clock::now();
    // In one order for all who write, so that none waits for another in a circle: the log, then the streams by name.
    let mut members: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, event) in events.iter().enumerate() {
        for stream in &event.streams {
            members.entry(stream.to_string()).or_default().push(index);
        }
    }
    let counts = members.iter().map(|(stream, members)| (stream.as_str(), members.len()));
    let firsts = advance_all(db, [(LOG, events.len())].into_iter().chain(counts)).await?;
    let first = firsts[LOG];
    let mut insert = Statement::new(
        "insert into events (position, id, event_type, resource_type, resource_id, product_id, build_id, withdrawn, body, \
         occurred_at) values ",
    );
    for (position, event) in (first..).zip(events) {
        let id = Uuid::new_v4();
        let body = || {
            json!({
                "id": id,
                "event_type": event.event_type,
                "resource_type": event.resource_type,
                "message": event.message,
                "occurred_at": now,
                "model": event.model,
            })
            .to_string()
        };
        let body = event.verbatim.as_ref().map_or_else(body, |verbatim| verbatim.get().to_owned());
        insert.push(if position > first { ", (" } else { "(" });
        insert.push_arg(position).push(", ").push_arg(id).push(", ").push_arg(event.event_type.word()).push(", ");
        insert.push_arg(event.resource_type).push(", ").push_arg(event.resource_id).push(", ");
        insert.push_arg(event.product_id).push(", ").push_arg(event.build_id).push(", ");
        insert.push_arg(event.withdrawn).push(", ").push_arg(body).push(", ");
        insert.push_arg(now).push(")");
    }
    db.execute(insert).await?;

    let mut insert = Statement::new("insert into event_streams (stream, stream_offset, position) values ");
    let places = members
        .iter()
        .flat_map(|(stream, members)| (firsts[stream.as_str()]..).zip(members).map(move |place| (stream, place)));
    for (index, (stream, (offset, member))) in places.enumerate() {
        insert.push(if index > 0 { ", (" } else { "(" }).push_arg(stream.as_str()).push(", ").push_arg(offset);
        insert.push(", ").push_arg(first + *member as i64).push(")");
    }
    if members.is_empty() { Ok(()) } else { db.execute(insert).await.map(drop) }
}

/// The stream whose offsets are the positions in the log.
const LOG: &str = "events";

/// Takes the next `count` offsets of a stream and answers the first of them. No other transaction gets any until this
/// one ends.
///
/// # Errors
/// When the database refuses or is away.
pub async fn advance(db: &Db, stream: &str, count: usize) -> Result<i64> {
    advance_all(db, [(stream, count)].into_iter()).await.map(|firsts| firsts[stream])
}

/// Takes the next offsets of streams, so many of each, in this order, and answers the first of each.
async fn advance_all<'a>(db: &Db, counts: impl Iterator<Item = (&'a str, usize)>) -> Result<HashMap<&'a str, i64>> {
    let counts: Vec<(&str, i64)> = counts.map(|(stream, count)| (stream, count as i64)).collect();
    let mut insert = Statement::new("insert into streams (name, last_offset) values ");
    for (index, (stream, count)) in counts.iter().enumerate() {
        insert.push(if index > 0 { ", (" } else { "(" }).push_arg(*stream).push(", ").push_arg(*count).push(")");
    }
    insert.push(
        " on conflict (name) do update set last_offset = streams.last_offset + excluded.last_offset \
         returning name, last_offset",
    );
    let lasts: HashMap<String, i64> = db.all(insert).await?.into_iter().collect();
    let first = |(stream, count): (&'a str, i64)| {
        let last = lasts.get(stream).ok_or_else(|| Error::internal("a stream was not advanced"))?;
        Ok((stream, last - count + 1))
    };
    counts.into_iter().map(first).collect()
}

/// The position of the newest event; 0 before the first.
///
/// # Errors
/// When the database is away.
pub async fn newest_position(db: &Db) -> Result<i64> {
    last_offset(db, LOG).await
}

/// The last offset of a stream; 0 before the first.
///
/// # Errors
/// When the database is away.
pub async fn last_offset(db: &Db, stream: &str) -> Result<i64> {
    let last: Option<(i64,)> =
        db.optional(crate::sql!("select last_offset from streams where name = $1", stream)).await?;
    Ok(last.map_or(0, |(offset,)| offset))
}

#[derive(FromRow)]
pub(super) struct Row {
    position: i64,
    stream: String,
    stream_offset: i64,
    resource_type: String,
    id: Uuid,
    body: String,
    readable_by_all: bool,
    owner: Option<Id<User>>,
}

impl TryFrom<Row> for Delivery {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let Row { position, stream, stream_offset: offset, resource_type, id, body, readable_by_all, owner } = row;
        let stream = stream.parse().map_err(|()| Error::internal("an event is on an unknown stream"))?;
        Ok(Self { position, stream, offset, resource_type, id, body: body.into(), readable_by_all, owner })
    }
}

/// Events on all streams with who may see what they are about now. What tells that something was withdrawn says
/// nothing else of it, so all may hear.
pub(super) fn select_deliveries(now: Timestamp, prefix: &'static str) -> Statement {
    let mut select = Statement::new(prefix);
    select.push(
        "select events.position, event_streams.stream, event_streams.stream_offset, events.resource_type, events.id, events.body, products.user_id as owner, \
         events.withdrawn or (coalesce(products.published_at <= ",
    );
    // By the later of two clocks: the server that wrote the event may be ahead of the one that reads it.
    push_later(&mut select, now);
    select.push(" and products.visible_at <= ");
    push_later(&mut select, now);
    select.push(", false) and (events.build_id is null or coalesce(builds.published_at <= ");
    push_later(&mut select, now);
    select.push(
        ", false))) as readable_by_all from events \
         join event_streams on event_streams.position = events.position \
         left join products on products.id = events.product_id \
         left join builds on builds.id = events.build_id where ",
    );
    select
}

/// Appends the later of an instant and that of the event.
fn push_later(select: &mut Statement, now: Timestamp) {
    select.push("case when events.occurred_at > ").push_arg(now).push(" then events.occurred_at else ");
    select.push_arg(now).push(" end");
}

/// The next events of all streams after a position, in order; all that one position has, or none of it.
///
/// # Errors
/// When the database is away.
pub async fn after(db: &Db, position: i64, limit: i64) -> Result<Vec<Delivery>> {
    let mut select = select_deliveries(clock::now(), "");
    select.push("events.position > ").push_arg(position);
    // Positions have gaps where events were forgotten before this server came to read them.
    select.push(" and events.position <= (select max(position) from (select position from events where position > ");
    select.push_arg(position).push(" order by position limit ").push_arg(limit).push(") as due)");
    select.push(" order by events.position, event_streams.stream");
    let rows: Vec<Row> = db.all(select).await?;
    rows.into_iter().map(Delivery::try_from).collect()
}

/// The next events of one stream that a caller may read, after the event with this id or, without one, from the oldest.
///
/// # Errors
/// [`Kind::NotFound`](crate::core::Kind::NotFound) when that event is not kept.
pub async fn since(db: &Db, caller: &Caller, stream: Stream, id: Option<Uuid>, limit: i64) -> Result<Vec<Delivery>> {
    let position = match id {
        None => 0,
        Some(id) => {
            let found: Option<(i64,)> =
                db.optional(crate::sql!("select position from events where id = $1", id)).await?;
            found.ok_or_else(|| Error::not_found("event"))?.0
        }
    };
    let mut select = select_deliveries(caller.now, "select * from (");
    select
        .push("event_streams.stream = ")
        .push_arg(stream.to_string())
        .push(" and events.position > ")
        .push_arg(position);
    push_readable(caller, stream, &mut select);
    select.push(" order by position limit ").push_arg(limit);
    let rows: Vec<Row> = db.all(select).await?;
    rows.into_iter().map(Delivery::try_from).collect()
}

/// The id of the newest event of a stream that a caller may read, if there is any.
///
/// # Errors
/// When the database is away.
pub async fn newest(db: &Db, caller: &Caller, stream: Stream) -> Result<Option<Uuid>> {
    let mut select = select_deliveries(caller.now, "select * from (");
    select.push("event_streams.stream = ").push_arg(stream.to_string());
    push_readable(caller, stream, &mut select);
    select.push(" order by position desc limit 1");
    let newest: Option<Row> = db.optional(select).await?;
    Ok(newest.map(|row| row.id))
}

/// Ends a selection of deliveries so that those are left that a caller may read.
fn push_readable(caller: &Caller, stream: Stream, select: &mut Statement) {
    if !stream.is_of_catalog() {
        select.push(") as deliveries where resource_type in (");
        // Nothing is of no kind.
        select.push_args(stream.kinds(caller).into_iter().chain([""])).push(")");
        return;
    }
    select.push(") as deliveries where (readable_by_all");
    if reads_drafts(caller) && caller.permits_all(&Product::TABLE, Verb::Read) {
        select.push(" or true");
    } else if let Some(user) = caller.user_id().filter(|_| reads_drafts(caller)) {
        select.push(" or owner = ").push_arg(user);
    }
    select.push(")");
}
