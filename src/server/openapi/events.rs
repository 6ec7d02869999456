//! Events and what agents tell, described.

use serde_json::{Value, json};

use super::answers;
use super::operations::Operation;
use super::parameters::query;
use super::schemas::{about, object, reference};
use crate::core::field::{Field, Shape};
use crate::core::model::InstanceState;

/// What can go wrong with reading.
const READ: &[u16] = &[400, 401, 403, 404, 406, 503];

const PLATFORM: &str = "/users/{user_id}/platforms/{platform_id}";

/// The paths.
pub fn paths() -> Vec<(String, Value)> {
    let reports = format!("{PLATFORM}/instances/{{instance_id}}/reports");
    let agents = format!("{PLATFORM}/agents");
    vec![
        ("/events".into(), json!({ "get": events() })),
        (reports.clone(), json!({ "get": list(&reports), "post": report(&reports) })),
        (agents.clone(), json!({ "get": present(&agents) })),
    ]
}

fn events() -> Value {
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": 1000, "default": 100 });
    let wait = json!({ "type": "integer", "minimum": 0, "maximum": 50, "default": 0 });
    let after = json!({ "anyOf": [Shape::Id.schema(), { "const": "latest" }] });
    let id = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
    let stream = json!({
        "type": "string", "default": "catalog",
        "pattern": format!("^(catalog|account|review|audit|administration|(product|platform|output|account):{id})$"),
    });
    let summary = "The events of a stream after one of them, oldest first";
    Operation::read("events", "listEvents", summary, "/events")
        .parameter(query(
            "stream",
            stream,
            "The stream: what is published, what concerns your rights, builds in review, who asked to use what, what is administered; all about a product, \
             what is to run on a platform, or that an instance has printed more, by its id.",
        ))
        .parameter(query("after", after, "The id of an event; `latest` only tells the id of the newest."))
        .parameter(query("limit", limit, "How many."))
        .parameter(query("wait", wait, "For how many seconds to wait for an event where there is none yet."))
        .answers("200", answers::json("The events.", reference("Events"), &[]), &[READ])
}

fn list(path: &str) -> Value {
    let answer = answers::json("The last of them.", of("Report"), &[]);
    let summary = "What the platform's agent has told of an instance, the newest first";
    Operation::read("instances", "listReports", summary, path).answers("200", answer, &[READ])
}

fn report(path: &str) -> Value {
    let body = json!({
        "type": "object",
        "required": ["state"],
        "properties": members(),
        "examples": [{ "state": "running", "message": "All tasks run.", "detail": { "tasks": 2 } }],
    });
    let kept = json!({ "description": "It is kept." });
    let summary = "Tell how far an instance is, as the platform's agent";
    Operation::write("instances", "report", summary, path).body(body, None, true).answers(
        "204",
        kept,
        &[READ, &[413, 415, 422]],
    )
}

fn present(path: &str) -> Value {
    let answer = answers::json("Those of whom something was heard within the last minute.", of("Agent"), &[]);
    Operation::read("platforms", "listAgents", "Which agents are there for a platform", path).answers(
        "200",
        answer,
        &[READ],
    )
}

fn of(name: &str) -> Value {
    let results = json!({ "results": { "type": "array", "items": reference(name) } });
    object("All of them.", results)
}

fn members() -> Value {
    let message = json!({ "type": ["string", "null"] });
    let detail = json!({ "type": ["object", "null"] });
    json!({
        "state": about(InstanceState::SHAPE.schema(), "How far the instance is."),
        "message": about(message, "Why it is no further, or whatever else people should know."),
        "detail": about(detail, "What programs may want to know."),
    })
}

/// The schemas.
pub fn schemas() -> [(&'static str, Value); 4] {
    let text = || json!({ "type": "string" });
    let instant = |meaning: &str| about(Shape::Time.schema(), meaning);
    let mut report = object("What an agent told of an instance.", members());
    report["properties"]["created_at"] = instant("When.");
    let agent = json!({
        "id": about(Shape::Id.schema(), "Its connection."),
        "address": about(json!({ "type": ["string", "null"] }), "Where it connected from."),
        "connected_at": instant("When it connected."),
        "seen_at": instant("When it was last heard of, to within some seconds."),
    });
    let kinds = [
        "created",
        "updated",
        "submitted",
        "checked",
        "validated",
        "rejected",
        "redeemed",
        "published",
        "unpublished",
        "yanked",
        "deleted",
    ];
    let event = json!({
        "id": about(Shape::Id.schema(), "By which repeats are told."),
        "event_type": json!({ "type": "string", "enum": kinds }),
        "resource_type": about(text(), "To what kind of thing."),
        "message": about(text(), "What happened, as a sentence."),
        "occurred_at": instant("When."),
        "model": about(json!({ "type": "object" }), "The thing itself, as far as it may be told."),
    });
    let events = json!({
        "results": { "type": "array", "items": reference("Event") },
        "last_id": { "type": ["string", "null"], "format": "uuid" },
        "stream_id": about(text(), "The stream, as the WebSocket names it."),
        "epoch": about(text(), "What offsets count in."),
        "offset": about(json!({ "type": "integer", "minimum": 0 }), "How far the stream was read: from here it goes on over the WebSocket."),
    });
    [
        ("Event", object("Something that happened.", event)),
        ("Events", object("Events, and the id of the last of them.", events)),
        ("Report", report),
        ("Agent", object("An agent that is there.", agent)),
    ]
}
