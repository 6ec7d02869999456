//! Labels of builds, in their four forms.

use serde_json::{Value, json};

use super::answers;
use super::operations::Operation;
use super::parameters::query;
use super::schemas::{object, reference};
use crate::core::field::Shape;

const READ: &[u16] = &[400, 401, 404, 503];

/// The paths.
pub fn paths() -> Vec<(String, Value)> {
    let at = |end: &str| format!("/products/{{product_id}}/builds/{{build_id}}/label{end}");
    let form = |end: &str, id: &str, summary: &str, media_type: &str| {
        let answer = answers::file("The label.", media_type);
        (at(end), json!({ "get": operation(&at(end), id, summary).answers_known(answer, &[READ]) }))
    };
    let summary =
        "The label of a build: what it is, who stands behind it, what it needs; in the form that Accept asks for";
    let mut answer = answers::json("The label.", reference("Label"), &["ETag"]);
    for media_type in ["text/html", "image/svg+xml", "text/plain"] {
        answer["content"][media_type] = json!({ "schema": { "type": "string" } });
    }
    let any = operation(&at(""), "readLabel", summary).answers_known(answer, &[READ, &[406]]);
    vec![
        (at(""), json!({ "get": any })),
        form(".svg", "readLabelPicture", "The label of a build as a picture", "image/svg+xml"),
        form(".html", "readLabelPage", "The label of a build as a page", "text/html"),
        form(".txt", "readLabelText", "The label of a build as text", "text/plain"),
    ]
}

fn operation(path: &str, id: &str, summary: &str) -> Operation {
    let about = "Tell of each requirement whether this platform meets it, which must be one that the caller may read.";
    Operation::read("builds", id, summary, path).parameter(query("platform", Shape::Id.schema(), about))
}

/// The schemas.
pub fn schemas() -> [(&'static str, Value); 4] {
    let text = || json!({ "type": "string" });
    let maybe = || json!({ "type": ["string", "null"] });
    let list = |name: &str| json!({ "type": "array", "items": reference(name) });
    let texts = || json!({ "type": "array", "items": text() });
    let subject = object("What something is known by.", json!({ "id": Shape::Id.schema(), "name": text() }));
    let row = object(
        "An answer of a section. `met` is there when a platform was asked about.",
        json!({
            "name": text(), "value": maybe(), "details": texts(), "url": maybe(),
            "met": { "type": ["string", "null"], "enum": ["yes", "no", "please_verify", null] },
        }),
    );
    let section = object(
        "A part of a label. One that is stated and has no rows says that there are none.",
        json!({
            "id": text(), "title": text(), "stated": Shape::Boolean.schema(), "rows": list("LabelRow"),
            "more": { "type": "integer", "minimum": 0 },
        }),
    );
    let label = object(
        "A product label.",
        json!({
            "product": reference("LabelSubject"), "build": reference("LabelSubject"),
            "platform": { "anyOf": [reference("LabelSubject"), { "type": "null" }] },
            "facts": list("LabelSection"), "requirements": list("LabelSection"), "notes": texts(),
        }),
    );
    [("Label", label), ("LabelSection", section), ("LabelRow", row), ("LabelSubject", subject)]
}
