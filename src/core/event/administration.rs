//! What those hear who administer: that something was made, changed or deleted, and its id. What it is now they read as they
//! may. What is told to others, too, is told to them in the same words.

use serde_json::json;
use uuid::Uuid;

use super::{EventType, NewEvent, Stream};
use crate::core::model::AuditEvent;
use crate::core::resource::{Resource, Table};

/// The events of a change, with what the administration's stream is to tell of it.
pub fn also_administered<R: Resource>(events: Vec<NewEvent>, old: Option<&R>, new: Option<&R>) -> Vec<NewEvent> {
    if !Stream::is_administered(&R::TABLE) {
        return events;
    }
    if !events.is_empty() {
        return events.into_iter().map(|event| event.also_on(vec![Stream::Administration])).collect();
    }
    let (kind, row, what) = match (old, new) {
        (None, Some(new)) => (EventType::Created, new, "created"),
        (Some(_), Some(new)) => (EventType::Updated, new, "changed"),
        (Some(old), None) => (EventType::Deleted, old, "deleted"),
        (None, None) => return events,
    };
    let table = &R::TABLE;
    vec![event(table, kind, row.id(), format!("{} was {what}.", table.one().replacen('a', "A", 1)))]
}

/// That entries were added to the audit log: one event for all of a transaction, with the id of the last.
pub fn of_audit(entries: &[Uuid]) -> Option<NewEvent> {
    let last = *entries.last()?;
    let message = match entries.len() {
        1 => "An entry was added to the audit log.".to_owned(),
        number => format!("{number} entries were added to the audit log."),
    };
    Some(event(&AuditEvent::TABLE, EventType::Created, last, message))
}

fn event(table: &'static Table, kind: EventType, id: Uuid, message: String) -> NewEvent {
    let model = json!({ table.name: { "id": id } });
    NewEvent::of_right(kind, table.name, id, message, model, vec![Stream::Administration])
}
