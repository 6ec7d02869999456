//! What clients say on channels: agents report on what they run, people chat. Nobody else is listened to.

use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tokio::time::sleep;
use uuid::Uuid;

use super::connection::{Connection, End};
use super::frame;
use crate::core::access::Actor;
use crate::core::clock;
use crate::core::event::{NewEvent, Stream};
use crate::core::presence;
use crate::core::report::Report;
use crate::core::{Error, Kind, Result};

/// How many bytes somebody may say at a time in the chat, and how long to wait for the next.
const SAYING: usize = 4 * 1024;
const PAUSE: Duration = Duration::from_secs(1);

/// Notes that an agent is there for its platform, if that is what was subscribed to.
pub fn arrived(connection: &Connection, index: usize) {
    let caller = connection.membership.caller();
    if let (Stream::Platform(followed), Actor::Platform(own)) =
        (connection.subscription(index).stream, caller.principal.actor)
        && followed == own
    {
        connection.app.presence().beat(connection.membership.sid, own, caller.address);
    }
}

/// Notes that an agent follows its platform no longer.
pub fn left(connection: &Connection, stream: Stream) {
    if let (Stream::Platform(left), Actor::Platform(own)) = (stream, connection.membership.caller().principal.actor)
        && left == own
    {
        connection.app.presence().gone(connection.membership.sid);
    }
}

/// Does what a client says to a channel.
pub async fn heed(connection: &mut Connection, index: usize, data: &str) -> std::result::Result<(), End> {
    let caller = connection.membership.caller();
    match (connection.subscription(index).stream, caller.principal.actor) {
        (Stream::Platform(followed), Actor::Platform(own)) if followed == own => {
            arrived(connection, index);
            let app = connection.app.clone();
            let reported = connection.meanwhile(report(&app, &caller, data)).await?;
            refuse(connection, index, reported).await
        }
        (Stream::Chat, _) => {
            let app = connection.app.clone();
            let said = connection.meanwhile(say(&app, data)).await?;
            refuse(connection, index, said).await?;
            connection.meanwhile(sleep(PAUSE)).await
        }
        _ => Ok(()),
    }
}

/// Keeps a report, if this is one.
async fn report(app: &crate::server::App, caller: &crate::core::access::Caller, data: &str) -> Result<()> {
    let malformed = || Error::bad_request("The data must be a JSON object with an action: report or heartbeat.");
    let mut fields: Map<String, Value> = serde_json::from_str(data).map_err(|_| malformed())?;
    match fields.remove("action").as_ref().and_then(Value::as_str) {
        Some("heartbeat") => Ok(()),
        Some("report") => {
            let instance = fields.remove("instance_id");
            let instance = instance.as_ref().and_then(Value::as_str).and_then(|id| id.parse::<Uuid>().ok());
            let instance = instance.ok_or_else(|| Error::invalid_field("instance_id", "must be a UUID"))?;
            Report::read(fields, clock::now())?.keep(app.db(), caller, &[], instance).await
        }
        _ => Err(malformed()),
    }
}

async fn say(app: &crate::server::App, data: &str) -> Result<()> {
    if data.len() > SAYING {
        return Err(Error::bad_request(format!("The data must have at most {} KiB.", SAYING / 1024)));
    }
    let data: Box<RawValue> =
        serde_json::from_str(data).map_err(|_| Error::bad_request("The data must be JSON, in a string."))?;
    let tx = app.db().begin().await?;
    tx.announce(vec![NewEvent::said(data)]);
    tx.commit().await
}

/// Tells a client, and nobody else, why what it said was not taken: the protocol itself has no word for that.
async fn refuse(connection: &mut Connection, index: usize, done: Result<()>) -> std::result::Result<(), End> {
    let Err(error) = done else { return Ok(()) };
    if matches!(error.kind(), Kind::Unavailable | Kind::Internal) {
        return connection.or_restart(Err(error));
    }
    let body = json!({
        "id": Uuid::new_v4(),
        "event_type": "refused",
        "resource_type": "message",
        "message": error.message(),
        "occurred_at": clock::now(),
        "model": { "errors": error.fields() },
    });
    let frame = frame::message(&connection.subscription(index).identifier, &body);
    connection.send(frame).await
}

/// Tells who is there, on a platform.
pub async fn tell_presence(connection: &mut Connection, index: usize) -> std::result::Result<(), End> {
    let Stream::Platform(platform) = connection.subscription(index).stream else { return Ok(()) };
    let app = connection.app.clone();
    let agents = connection.meanwhile(presence::agents(app.db(), platform, clock::now())).await?;
    let agents = connection.or_restart(agents)?;
    let record = |agent: &presence::Agent| {
        let info = json!({ "address": agent.address, "connected_at": agent.connected_at, "seen_at": agent.seen_at });
        json!({ "id": agent.id, "info": info })
    };
    let records: Vec<Value> = agents.iter().map(record).collect();
    let frame = frame::presence(&connection.subscription(index).identifier, &records);
    connection.send(frame).await
}
