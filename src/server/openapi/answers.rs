//! Answers: their headers, and the problems that all operations share.

use serde_json::{Map, Value, json};

use super::schemas::{about, object, reference};
use crate::core::field::Shape;

/// The problems: status, name, when it happens, an example.
const PROBLEMS: &[(u16, &str, &str, &str)] = &[
    (
        400,
        "Bad Request",
        "The request can't be understood.",
        "The parameter page must be a whole number from 1 to 2147483647.",
    ),
    (
        401,
        "Unauthorized",
        "No credentials, or ones that don't hold.",
        "The token is unknown, has expired or was revoked. Sign in again.",
    ),
    (403, "Forbidden", "Known, but without the permission.", "You may not create products."),
    (404, "Not Found", "Absent, or not to be seen.", "There is no such product, or you may not see it."),
    (
        406,
        "Not Acceptable",
        "Only JSON is answered.",
        "This service answers in JSON only. Send the header Accept: application/json.",
    ),
    (409, "Conflict", "The state forbids it.", "There is one with this id already."),
    (
        412,
        "Precondition Failed",
        "The If-Match did not hold.",
        "It has changed since you read it. Read it again and repeat your change on that.",
    ),
    (413, "Payload Too Large", "The body is too large.", "The body is larger than 2048 KiB."),
    (
        415,
        "Unsupported Media Type",
        "The body is in a form that is not taken.",
        "Send application/json, application/x-www-form-urlencoded or multipart/form-data.",
    ),
    (416, "Range Not Satisfiable", "The file has no such part.", "The file has no such part."),
    (422, "Unprocessable Entity", "Fields don't hold.", "Please correct: name must not be blank."),
    (429, "Too Many Requests", "Too soon after others.", "You ask too often. Please try again in 2 seconds."),
    (503, "Service Unavailable", "The database is away, or the server stops.", "The server is stopping."),
];

/// The answers of an operation: the success and, by reference, the problems that can happen. Where credentials are refused,
/// those who guess them are told to wait.
pub fn with_problems(success: &str, answer: Value, problems: &[u16]) -> Value {
    let mut answers = Map::from_iter([(success.to_owned(), answer)]);
    let too_many = problems.contains(&401).then_some(&429);
    for status in problems.iter().chain(too_many) {
        answers.insert(status.to_string(), problem_of(&status.to_string()));
    }
    answers.into()
}

/// The problem of a status, by reference.
pub fn problem_of(status: &str) -> Value {
    json!({ "$ref": format!("#/components/responses/{status}") })
}

/// The problem of a status, with these headers beside its own.
pub fn problem_with(status: &str, headers: &[&str]) -> Value {
    let mut problem = components()[status].take();
    for (name, header) in of_names(headers) {
        problem["headers"][name] = header;
    }
    problem
}

/// An answer without a body, with these headers beside the id of the request.
pub fn empty(text: &str, headers: &[&str]) -> Value {
    json!({ "description": text, "headers": of_names(headers) })
}

/// A JSON answer with these headers beside the id of the request.
pub fn json(text: &str, schema: Value, headers: &[&str]) -> Value {
    let content = json!({ "application/json": { "schema": schema } });
    json!({ "description": text, "headers": of_names(headers), "content": content })
}

/// A file of this media type.
pub fn file(text: &str, media_type: &str) -> Value {
    let content = json!({ media_type: { "schema": { "type": "string", "format": "binary" } } });
    json!({ "description": text, "headers": of_names(&["ETag"]), "content": content })
}

/// The answer to an `If-None-Match` that holds.
pub fn unchanged() -> Value {
    json!({ "description": "What is known still holds.", "headers": of_names(&["ETag"]) })
}

fn of_names(names: &[&str]) -> Map<String, Value> {
    let all = names.iter().copied().chain(["X-Request-Id"]);
    all.map(|name| (name.to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }))).collect()
}

/// The headers of answers.
pub fn headers() -> Value {
    let header = |required: bool, example: &str, text: &str| json!({ "description": text, "required": required, "schema": { "type": "string" }, "example": example });
    let item = "https://marketplace.example.org/badges/7be1c1e2-4b0e-4c56-8a1b-3d6f0c9b7e55";
    let next = "<https://marketplace.example.org/products?page=2>; rel=\"next\"";
    json!({
        "ETag": header(true, "W/\"0123456789abcdef0123456789abcdef\"", "Changes when the answer does."),
        "Location": header(true, item, "The address of what was made."),
        "Link": header(false, next, "The first, previous, next and last page (RFC 8288)."),
        "Retry-After": header(true, "2", "After how many seconds to try again."),
        "Upload-Complete": header(true, "?0", "?1 once the file has arrived as a whole, until then ?0."),
        "Upload-Offset": header(true, "8388608", "How many bytes of the file are there: with this one the next part begins."),
        "WWW-Authenticate": header(true, "Bearer", "What to sign in with."),
        "X-Request-Id": header(true, "5e2d9c7b-0a4f-4b61-8e3d-7c1f6a9b2d58", "The id of the request, as the log has it."),
    })
}

/// The problems, each named by its status.
pub fn components() -> Value {
    let problem = |(status, title, text, detail): &(u16, &str, &str, &str)| {
        let mut example = json!({
            "type": "about:blank", "title": title, "status": status, "detail": detail, "message": detail,
        });
        if *status == 422 {
            example["errors"] = json!({ "name": ["must not be blank"] });
        }
        let headers = match status {
            401 => of_names(&["WWW-Authenticate"]),
            429 | 503 => of_names(&["Retry-After"]),
            _ => of_names(&[]),
        };
        let content = json!({ "application/problem+json": { "schema": reference("Problem"), "example": example } });
        (status.to_string(), json!({ "description": text, "headers": headers, "content": content }))
    };
    PROBLEMS.iter().map(problem).collect::<Map<_, _>>().into()
}

/// The schema of problems.
pub fn problem() -> Value {
    let text = |text: &str| about(json!({ "type": "string" }), text);
    let status = json!({ "type": "integer", "minimum": 400, "maximum": 599, "description": "The status." });
    let mut problem = object(
        "Why a request failed (RFC 9457).",
        json!({
            "type": text("Always about:blank: the status says it."),
            "title": text("The status in words."),
            "status": status,
            "detail": text("What is wrong, and how to mend it."),
            "message": text("As detail."),
        }),
    );
    problem["properties"]["errors"] = json!({
        "type": "object",
        "description": "With 422: each field that fails, and what it must be.",
        "additionalProperties": { "type": "array", "items": { "type": "string" } },
    });
    problem["properties"]["details"] = about(Shape::Object.schema(), "More, for programs.");
    problem
}
