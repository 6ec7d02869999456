//! The review of builds, described.

use serde_json::{Value, json};

use super::answers;
use super::operations::{Operation, related, transition};
use super::parameters::{of_index, query};
use super::schemas::{about, reference};
use crate::core::field::{Field, Remark, nullable_schema};
use crate::core::model::{Build, Review};

/// The tag.
const TAG: &str = "reviews";
/// What can go wrong with reading.
const READ: &[u16] = &[400, 401, 403, 404, 406, 503];

/// The paths.
pub fn paths() -> Vec<(String, Value)> {
    let build = |verb: &str, summary: &str| {
        let path = format!("/products/{{product_id}}/builds/{{build_id}}/{verb}");
        transition::<Build>(&path, "post", &format!("{verb}Build"), summary)
    };
    let history = "List who decided what of a build, and why";
    vec![
        build("submit", "Hand a build in for review"),
        build("validate", "Vouch for a build"),
        with_reason(build("reject", "Turn a build down, which can be changed and submitted again"), true),
        build("publish", "Publish a build"),
        with_reason(build("yank", "Withdraw a build from new deployments"), false),
        related::<Review>("/products/{product_id}/builds/{build_id}/reviews", "listBuildReviews", history),
        ("/reviews".to_owned(), json!({ "get": index() })),
        ("/reviews/{review_id}".to_owned(), json!({ "get": one() })),
    ]
}

/// The same with a body that says why.
fn with_reason((path, mut item): (String, Value), required: bool) -> (String, Value) {
    let reason = about(Remark::schema(), "Why.");
    let reason = if required { reason } else { nullable_schema(reason) };
    let mut body = json!({
        "type": "object", "properties": { "reason": reason }, "examples": [{ "reason": "It has a known defect." }],
    });
    if required {
        body["required"] = json!(["reason"]);
    }
    item["post"]["requestBody"] =
        json!({ "required": required, "content": { "application/json": { "schema": body } } });
    for status in ["413", "415"] {
        item["post"]["responses"][status] = answers::problem_of(status);
    }
    (path, item)
}

fn index() -> Value {
    let operation = Operation::read(TAG, "listReviews", "List what was decided of builds", "/reviews");
    let all = of_index::<Review>().into_iter();
    let operation =
        all.fold(operation, |operation, (name, schema, text)| operation.parameter(query(name, schema, &text)));
    operation.answers_known(answers::json("A page of the index.", reference("ReviewPage"), &["ETag", "Link"]), &[READ])
}

fn one() -> Value {
    let operation = Operation::read(TAG, "readReview", "Read what was decided", "/reviews/{review_id}");
    operation.answers_known(answers::json("It.", reference("Review"), &["ETag"]), &[READ])
}
