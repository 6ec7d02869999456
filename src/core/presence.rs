//! Presence: which agents are there. What they are heard of is gathered and written down now and then, not for each beat; a
//! platform of which nothing is heard for a minute is offline.

use std::collections::BTreeSet;
use std::net::IpAddr;

use chrono::Duration;
use serde::Serialize;
use uuid::Uuid;

use super::Result;
use super::clock::Timestamp;
use super::db::{Db, FromRow, Statement, Tx, again};
use super::event::EventType;
use super::id::Id;
use super::model::{Platform, PlatformState};

/// After how many seconds of silence a platform is offline.
pub const SILENCE: i64 = 60;
/// How many agents or platforms one transaction writes: statements have limits.
const AT_ONCE: usize = 1000;

/// That an agent was heard of.
#[derive(Debug, Clone)]
pub struct Beat {
    /// The agent: its connection.
    pub agent: Uuid,
    /// Its platform.
    pub platform: Id<Platform>,
    /// Where it connected from.
    pub address: Option<IpAddr>,
    /// When it connected.
    pub connected_at: Timestamp,
    /// When it was last heard of.
    pub seen_at: Timestamp,
}

impl Beat {
    /// That an agent was heard of over plain HTTP, where it has no connection: one for the whole platform stands for it.
    pub fn over_http(platform: Id<Platform>, address: Option<IpAddr>, now: Timestamp) -> Self {
        Self { agent: platform.uuid(), platform, address, connected_at: now, seen_at: now }
    }
}

/// An agent that is there.
#[derive(Debug, Serialize, FromRow)]
pub struct Agent {
    /// Its connection.
    pub id: Uuid,
    /// Where it connected from.
    pub address: Option<String>,
    /// When it connected.
    pub connected_at: Timestamp,
    /// When it was last heard of, to within some seconds.
    pub seen_at: Timestamp,
}

/// Writes down which agents were heard of, and which are gone. Platforms that were offline are online from now on.
///
/// # Errors
/// When the database is away.
pub async fn note(db: &Db, beats: &[Beat], gone: &[Uuid]) -> Result<()> {
    for beats in beats.chunks(AT_ONCE) {
        again(|| note_some(db, beats)).await?;
    }
    for gone in gone.chunks(AT_ONCE) {
        let tx = db.begin().await?;
        let mut delete = Statement::new("delete from agents where ");
        tx.dialect().push_any("id", gone, &mut delete);
        tx.execute(delete).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn note_some(db: &Db, beats: &[Beat]) -> Result<()> {
    let tx = db.begin().await?;
    let ids: BTreeSet<Uuid> = beats.iter().map(|beat| beat.platform.uuid()).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let mut platforms = lock(&tx, &ids).await?;
    let there: BTreeSet<Uuid> = platforms.iter().map(|platform| platform.id.uuid()).collect();
    let seen_at = beats.iter().map(|beat| beat.seen_at).max();
    let mut update = Statement::new("update platforms set state = 'online', last_seen_at = ");
    update.push_arg(seen_at.map(Timestamp::datetime)).push(" where ");
    tx.dialect().push_any("id", &ids, &mut update);
    tx.execute(update).await?;

    let mut insert = Statement::new("insert into agents (id, platform_id, address, connected_at, seen_at) values ");
    let mut first = true;
    for beat in beats.iter().filter(|beat| there.contains(&beat.platform.uuid())) {
        insert.push(if first { "(" } else { ", (" });
        insert.push_arg(beat.agent).push(", ").push_arg(beat.platform).push(", ");
        insert.push_arg(beat.address.map(|address| address.to_string())).push(", ");
        insert.push_arg(beat.connected_at).push(", ").push_arg(beat.seen_at).push(")");
        first = false;
    }
    if !first {
        insert.push(" on conflict (id) do update set seen_at = excluded.seen_at");
        tx.execute(insert).await?;
    }
    platforms.retain(|platform| platform.state == PlatformState::Offline);
    turn(&tx, platforms, PlatformState::Online, seen_at);
    tx.commit().await
}

/// Platforms that nothing was heard of for a while are offline from now on; of several servers, one tells so.
///
/// # Errors
/// When the database is away.
pub async fn sweep(db: &Db, now: Timestamp) -> Result<()> {
    let before = Timestamp::from(now.datetime() - Duration::seconds(SILENCE));
    let silent = "select 1 from platforms where state = 'online' and last_seen_at < $1 limit 1";
    if !db.exists(Statement::new(silent).bind(before)).await? {
        return Ok(());
    }
    while again(|| sweep_some(db, before)).await? {}
    Ok(())
}

/// The part of [`sweep`] in one transaction. Answers whether there may be more.
async fn sweep_some(db: &Db, before: Timestamp) -> Result<bool> {
    let tx = db.begin().await?;
    let mut select = Statement::new("select id from platforms where state = 'online' and last_seen_at < ");
    select.push_arg(before).push(" order by id limit ").push_arg(AT_ONCE as i64);
    let ids: Vec<(Uuid,)> = tx.all(select).await?;
    let ids: Vec<Uuid> = ids.into_iter().map(|(id,)| id).collect();
    lock(&tx, &ids).await?;
    // Looked at again: another server may have heard of them, or have told so, meanwhile.
    let mut update =
        Statement::new("update platforms set state = 'offline' where state = 'online' and last_seen_at < ");
    update.push_arg(before).push(" and ");
    tx.dialect().push_any("id", &ids, &mut update);
    update.push(" returning *");
    let platforms: Vec<Platform> = tx.all(update).await?;
    turn(&tx, platforms, PlatformState::Offline, None);
    tx.execute(crate::sql!("delete from agents where seen_at < $1", before)).await?;
    tx.commit().await?;
    Ok(ids.len() == AT_ONCE)
}

/// Holds platforms against other writers, in one order for all.
async fn lock(tx: &Tx, ids: &[Uuid]) -> Result<Vec<Platform>> {
    let mut select = Statement::new("select * from platforms where ");
    tx.dialect().push_any("id", ids, &mut select);
    select.push(" order by id").push(tx.dialect().for_update());
    tx.all(select).await
}

fn turn(tx: &Tx, platforms: Vec<Platform>, state: PlatformState, seen_at: Option<Timestamp>) {
    let told = platforms.into_iter().map(|mut platform| {
        platform.state = state;
        platform.last_seen_at = seen_at.or(platform.last_seen_at);
        platform.event(EventType::Updated, &format!("is {}", state.word()))
    });
    tx.announce(told.collect());
}

/// The agents that are there for a platform, the first to come first.
///
/// # Errors
/// When the database is away.
pub async fn agents(db: &Db, platform: Id<Platform>, now: Timestamp) -> Result<Vec<Agent>> {
    db.all(crate::sql!(
        "select id, address, connected_at, seen_at from agents where platform_id = $1 and seen_at >= $2 order by connected_at, id",
        platform,
        Timestamp::from(now.datetime() - Duration::seconds(SILENCE))
    ))
    .await
}
