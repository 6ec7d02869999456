//! Signing in, described: sessions, devices, platforms, keys, and the log of who did what.

use serde_json::{Value, json};

use super::answers;
use super::operations::{Operation, transition};
use super::parameters::{of_index, query};
use super::schemas::{object, reference};
use crate::core::field::Shape;
use crate::core::model::{AuditEvent, PublisherKey, Token};

/// What can go wrong with all of it.
const PROBLEMS: &[u16] = &[400, 401, 413, 415, 422, 503];
/// The tag.
const TAG: &str = "sign-in";

/// The paths.
pub fn paths() -> Vec<(String, Value)> {
    let sessions = json!({ "get": come_back(), "post": create(), "delete": sign_out() });
    vec![
        ("/identity_providers/{identity_provider_id}/redirect".into(), json!({ "get": leave() })),
        ("/sessions".into(), sessions),
        ("/device/code".into(), json!({ "post": device_code() })),
        ("/device".into(), json!({ "get": page(), "post": decide() })),
        ("/oauth/token".into(), json!({ "post": token() })),
        ("/.well-known/jwks.json".into(), json!({ "get": keys() })),
        transition::<Token>(
            "/users/{user_id}/tokens/{token_id}/rotate",
            "post",
            "rotateToken",
            "Put a new token in place of one, which ends",
        ),
        transition::<PublisherKey>(
            "/users/{user_id}/publisher_keys/{publisher_key_id}/revoke",
            "post",
            "revokePublisherKey",
            "Have a publisher key sign nothing new",
        ),
        ("/audit_events".into(), json!({ "get": audit() })),
        ("/audit_events/{audit_event_id}".into(), json!({ "get": entry() })),
    ]
}

fn text() -> Value {
    json!({ "type": "string" })
}

/// An operation that nobody has to be signed in for.
fn open(operation: Value) -> Value {
    let mut operation = operation;
    operation["security"] = json!([{}]);
    operation
}

/// An answer that sends a browser elsewhere.
fn elsewhere(text: &str) -> Value {
    json!({ "description": text, "headers": { "Location": { "schema": { "type": "string", "format": "uri" } } } })
}

fn leave() -> Value {
    let summary = "Send a browser to an identity provider to sign in";
    let path = "/identity_providers/{identity_provider_id}/redirect";
    let return_to = "Where to go afterwards: in the web interface, or a program on the user's machine.";
    let challenge = "What a program on the user's machine will prove (RFC 7636, S256).";
    let operation = Operation::read(TAG, "redirect", summary, path)
        .parameter(query("return_to", json!({ "type": "string", "format": "uri" }), return_to))
        .parameter(query("code_challenge", text(), challenge))
        .parameter(query("code_challenge_method", json!({ "type": "string", "enum": ["S256"] }), "How it is made."));
    open(operation.answers("302", elsewhere("To the provider."), &[PROBLEMS, &[404]]))
}

fn come_back() -> Value {
    let mut state = query("state", text(), "As it was sent along.");
    state["required"] = true.into();
    let mut operation = Operation::read(TAG, "comeBack", "Come back from an identity provider", "/sessions")
        .parameter(state)
        .parameter(query("code", text(), "What the provider gives a token for."))
        .parameter(query("iss", text(), "The provider's issuer (RFC 9207)."))
        .parameter(query("error", text(), "Why the provider refuses."))
        .answers("200", answers::json("The session.", reference("Session"), &[]), &[PROBLEMS, &[404]]);
    operation["responses"]["302"] = elsewhere("To the web interface with the token, or to a program with a code.");
    open(operation)
}

fn create() -> Value {
    let body = json!({
        "type": "object",
        "properties": {
            "code": text(), "code_verifier": text(),
            "provider_id": Shape::Id.schema(), "return_to": text(), "code_challenge": text(),
        },
        "examples": [{ "code": "0123456789", "code_verifier": "made up" }],
    });
    let summary = "Swap a code for a session, or start a sign-in";
    let mut operation = Operation::write(TAG, "createSession", summary, "/sessions").body(body, None, true).answers(
        "200",
        answers::json("The session.", reference("Session"), &["ETag"]),
        &[PROBLEMS, &[404]],
    );
    operation["responses"]["302"] = elsewhere("To the provider.");
    open(operation)
}

fn sign_out() -> Value {
    let answer = answers::json("The token holds no more, on any server.", reference("Health"), &["ETag"]);
    Operation::write(TAG, "signOut", "Sign out", "/sessions").answers("200", answer, &[&[401, 409, 503]])
}

fn device_code() -> Value {
    let body = json!({
        "type": "object",
        "properties": { "client": { "type": "string", "maxLength": 255 } },
        "examples": [{ "client": "mkt on ward-3" }],
    });
    let answer = answers::json("The codes.", reference("DeviceCodes"), &[]);
    let operation = Operation::write(TAG, "deviceCode", "Have a device signed in (RFC 8628)", "/device/code");
    open(operation.body(body, None, true).answers("200", answer, &[PROBLEMS]))
}

fn page() -> Value {
    let operation = Operation::read(TAG, "devicePage", "The page on which somebody approves a device", "/device");
    let page = json!({ "description": "The page.", "content": { "text/html": { "schema": text() } } });
    open(operation.answers("200", page, &[&[503]]))
}

fn decide() -> Value {
    let body = json!({
        "type": "object",
        "required": ["user_code"],
        "properties": { "user_code": text(), "approve": { "type": "boolean" } },
        "examples": [{ "user_code": "ABCD-1234", "approve": true }],
    });
    let answer = answers::json("The device, or what became of it.", json!({ "type": "object" }), &["ETag"]);
    let summary = "Ask which device shows a code, or decide about it";
    Operation::write(TAG, "decideDevice", summary, "/device").body(body, None, true).answers(
        "200",
        answer,
        &[PROBLEMS, &[403, 404]],
    )
}

fn token() -> Value {
    let body = json!({
        "type": "object",
        "required": ["grant_type"],
        "properties": {
            "grant_type": text(), "device_code": text(), "client_assertion_type": text(), "client_assertion": text(),
        },
        "examples": [{ "grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "0123456789" }],
    });
    let summary = "Get a token for a device (RFC 8628) or a platform (RFC 7523)";
    let answer = answers::json("The token.", reference("AccessToken"), &[]);
    let mut operation = Operation::write(TAG, "token", summary, "/oauth/token").body(body, None, true).answers(
        "200",
        answer,
        &[PROBLEMS],
    );
    for status in ["400", "401"] {
        let refusal = json!({ "anyOf": [reference("Refusal"), reference("Problem")] });
        let content =
            json!({ "application/json": { "schema": refusal }, "application/problem+json": { "schema": refusal } });
        operation["responses"][status] = json!({ "description": "Not given, in OAuth's words.", "content": content });
    }
    open(operation)
}

fn keys() -> Value {
    let summary = "The keys to check what the marketplace signed (RFC 7517)";
    let answer = answers::json("The keys.", json!({ "type": "object" }), &["ETag"]);
    Operation::read(TAG, "keys", summary, "/.well-known/jwks.json").answers_known(answer, &[&[406, 503]])
}

fn audit() -> Value {
    let operation = Operation::read(TAG, "listAuditEvents", "List who did what", "/audit_events");
    let all = of_index::<AuditEvent>();
    let operation = all
        .into_iter()
        .fold(operation, |operation, (name, schema, text)| operation.parameter(query(name, schema, &text)));
    let answer = answers::json("A page of the log.", reference("AuditEventPage"), &["ETag", "Link"]);
    operation.answers_known(answer, &[&[400, 401, 403, 404, 406, 503]])
}

fn entry() -> Value {
    let summary = "Read an entry of the log";
    let operation = Operation::read(TAG, "readAuditEvent", summary, "/audit_events/{audit_event_id}");
    operation
        .answers_known(answers::json("It.", reference("AuditEvent"), &["ETag"]), &[&[400, 401, 403, 404, 406, 503]])
}

/// The schemas.
pub fn schemas() -> [(&'static str, Value); 4] {
    let whole = || json!({ "type": "integer", "minimum": 0 });
    [
        (
            "Session",
            object("A session.", json!({ "jwt": text(), "authorization": text(), "expires_at": Shape::Time.schema() })),
        ),
        (
            "DeviceCodes",
            object(
                "What a device asks with, and what its user types in elsewhere.",
                json!({
                    "device_code": text(), "user_code": text(), "verification_uri": text(),
                    "verification_uri_complete": text(), "expires_in": whole(), "interval": whole(),
                }),
            ),
        ),
        (
            "AccessToken",
            object("A token.", json!({ "access_token": text(), "token_type": text(), "expires_in": whole() })),
        ),
        (
            "Refusal",
            object(
                "A refusal (RFC 6749, 5.2).",
                json!({ "error": text(), "error_description": text(), "message": text() }),
            ),
        ),
    ]
}
