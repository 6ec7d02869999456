//! Deployments, described.

use serde_json::{Value, json};

use super::answers;
use super::operations::{Operation, transition};
use super::schemas::{about, object, reference};
use crate::core::deployment::logs::KEPT;
use crate::core::field::Shape;
use crate::core::model::Instance;

/// What can go wrong with reading, and beyond that with bodies and with writing.
const READ: &[u16] = &[400, 401, 403, 404, 406, 503];
const BODY: &[u16] = &[413, 415, 422];

const PLATFORM: &str = "/users/{user_id}/platforms/{platform_id}";
const FLAT: &str = "/platforms/{platform_id}";

/// The paths.
pub fn paths() -> Vec<(String, Value)> {
    let instance = |end: &str| format!("{PLATFORM}/instances/{{instance_id}}/{end}");
    let (plan, flat, logs) = (format!("{PLATFORM}/plan"), format!("{FLAT}/plan"), instance("logs"));
    let keeper = format!("{FLAT}/keepers/{{agent_id}}");
    let (path, mut update) = transition::<Instance>(
        &instance("update"),
        "post",
        "updateToBuild",
        "Move an instance to a newer build, or to the one named",
    );
    let build = json!({
        "type": "object", "properties": { "build_id": about(nullable(Shape::Id.schema()), "The build; none means the newest.") },
        "examples": [{}],
    });
    update["post"]["requestBody"] =
        json!({ "required": false, "content": { "application/json": { "schema": build } } });
    for status in ["413", "415"] {
        update["post"]["responses"][status] = answers::problem_of(status);
    }
    vec![
        (path, update),
        transition::<Instance>(&instance("rollback"), "post", "rollBack", "Move an instance back to the build before"),
        (plan.clone(), json!({ "get": read_plan(&plan, ""), "post": propose(&plan, "") })),
        (flat.clone(), json!({ "get": read_plan(&flat, "Any"), "post": propose(&flat, "Any") })),
        (logs.clone(), json!({ "get": read_logs(&logs), "put": keep_logs(&logs) })),
        (keeper.clone(), json!({ "put": keep(&keeper), "delete": leave(&keeper) })),
    ]
}

fn nullable(mut schema: Value) -> Value {
    schema["type"] = json!([schema["type"], "null"]);
    schema
}

fn read_plan(path: &str, any: &str) -> Value {
    let answer = answers::json("The plan.", reference("Plan"), &["ETag"]);
    let summary = "What is to run on a platform, who gives whom what, and what is in the way";
    Operation::read("platforms", &format!("read{any}Plan"), summary, path).answers_known(answer, &[READ])
}

fn propose(path: &str, any: &str) -> Value {
    let answer = answers::json("The plan, the proposal its last instance.", reference("Plan"), &["ETag"]);
    let id = || nullable(Shape::Id.schema());
    let body = json!({
        "type": "object",
        "properties": {
            "product_id": about(id(), "The product, of which the newest build is meant."),
            "build_id": about(id(), "The build, where it is not the newest."),
            "configuration_id": about(id(), "The configuration; none means the default."),
            "launch_bindings": about(json!({ "type": ["object", "null"] }), "Values of its environment variables."),
        },
        "examples": [{ "product_id": super::examples::id("product") }],
    });
    let summary = "What the plan of a platform would be with one more instance; nothing is deployed";
    let operation = Operation::write("platforms", &format!("propose{any}"), summary, path).body(body, None, true);
    operation.answers("200", answer, &[READ, BODY])
}

fn read_logs(path: &str) -> Value {
    let logs = object(
        "What the tasks of an instance last printed.",
        json!({
            "content": about(json!({ "type": "string" }), "The lines, each with its task and replica before it."),
            "updated_at": about(nullable(Shape::Time.schema()), "When the agent last told."),
        }),
    );
    let answer = answers::json("The end of it.", logs, &["ETag"]);
    Operation::read("instances", "readLogs", "What an instance last printed", path).answers_known(answer, &[READ])
}

fn keep_logs(path: &str) -> Value {
    let content = json!({ "type": "string", "maxLength": KEPT });
    let body = json!({
        "type": "object", "required": ["content"], "properties": { "content": about(content, "The end of the output.") },
        "examples": [{ "content": "[serve] started\n" }],
    });
    let summary = "Tell what an instance last printed, as the platform's agent";
    let kept = json!({ "description": "It is kept." });
    Operation::write("instances", "keepLogs", summary, path).body(body, None, true).answers("204", kept, &[READ, BODY])
}

fn keep(path: &str) -> Value {
    let text = || json!({ "type": ["string", "null"] });
    let keeper = object(
        "Which agent keeps a platform.",
        json!({
            "agent_id": about(Shape::Id.schema(), "The agent, by the id that it gave itself."),
            "address": about(text(), "Where it asked from."),
            "since": about(Shape::Time.schema(), "Since when."),
            "seen_at": about(Shape::Time.schema(), "When it last said so."),
        }),
    );
    let summary = "Keep a platform, as its agent: of several with one key one acts and the others wait";
    let answer = answers::json("It does.", keeper, &["ETag"]);
    Operation::write("platforms", "keepPlatform", summary, path).answers("200", answer, &[READ, &[409]])
}

fn leave(path: &str) -> Value {
    let done = json!({ "description": "Another agent may keep it." });
    Operation::write("platforms", "leavePlatform", "Let go of a platform, as its agent", path).answers(
        "204",
        done,
        &[READ],
    )
}

/// The schemas.
pub fn schemas() -> [(&'static str, Value); 1] {
    let id = || Shape::Id.schema();
    let text = || json!({ "type": "string" });
    let named = || json!({ "type": "object", "properties": { "id": id(), "name": text() } });
    let list = |of: Value| json!({ "type": "array", "items": of });
    let instance = object(
        "What is to become of an instance.",
        json!({
            "id": about(id(), "The instance; all zeros for one that is proposed."),
            "deployed": about(json!({ "type": "boolean" }), "Whether it is deployed."),
            "wanted": about(json!({ "type": "string", "enum": ["running", "stopped"] }), "What it is to do."),
            "state": about(text(), "How far it is, as was last reported."),
            "product": named(),
            "build": json!({ "type": "object", "properties": { "id": id(), "version": text() } }),
            "update": about(json!({ "type": ["object", "null"] }), "A newer build that it could be updated to."),
            "configuration": json!({ "type": ["object", "null"] }),
            "tasks": list(json!({ "type": "object", "properties": { "name": text() } })),
            "launch_bindings": json!({ "type": "object" }),
            "needs": about(list(json!({ "type": "object", "properties": { "name": text() } })), "What it needs of others, and who offers that."),
            "blocked": about(json!({ "type": ["string", "null"] }), "Why it can't run on this platform, if so."),
            "problems": about(list(text()), "What is wrong with its environment."),
        }),
    );
    let platform = json!({ "type": "object", "properties": { "id": id(), "name": text(), "user_id": id() } });
    [("Plan", object("What is to run on a platform.", json!({ "platform": platform, "instances": list(instance) })))]
}
