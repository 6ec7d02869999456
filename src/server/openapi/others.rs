//! What is not a verb of a resource: publishing, packages, events, and the marketplace about itself.

use serde_json::{Value, json};

use super::answers;
use super::operations::{Operation, related, transition};
use super::parameters::{of_index, query};
use super::schemas::{about, object, reference};
use crate::core::access::Permissions;
use crate::core::field::{Document, Shape};
use crate::core::model::{IdentityProvider, Product, Surrogate};

/// The paths.
pub fn paths() -> Vec<(String, Value)> {
    let mut badges =
        transition::<Product>("/products/{product_id}/badges/{badge_id}", "post", "awardBadge", "Award a badge");
    let withdraw = transition::<Product>(&badges.0, "delete", "withdrawBadge", "Withdraw a badge");
    badges.1["delete"] = withdraw.1["delete"].clone();
    let product = |verb: &str, summary: &str| {
        transition::<Product>(&format!("/products/{{product_id}}/{verb}"), "post", &format!("{verb}Product"), summary)
    };
    let provider = |verb: &str, summary: &str| {
        let path = format!("/identity_providers/{{identity_provider_id}}/{verb}");
        transition::<IdentityProvider>(&path, "post", &format!("{verb}IdentityProvider"), summary)
    };
    vec![
        product("publish", "Publish a product"),
        product("unpublish", "Withdraw a product"),
        related::<Product>(
            "/products/{product_id}/children",
            "listChildren",
            "List the products that a right to this one is a right to",
        ),
        related::<Product>(
            "/products/{product_id}/parents",
            "listParents",
            "List the products a right to which is a right to this one",
        ),
        related::<Surrogate>(
            "/products/{product_id}/surrogates",
            "listSurrogates",
            "List what may stand in for the interfaces that a product needs",
        ),
        badges,
        ("/products/facets".into(), json!({ "get": facets() })),
        provider("enable", "Let people sign in with an identity provider"),
        provider("disable", "Let nobody sign in with an identity provider any more"),
        ("/packages".into(), packages()),
        plain("/", "root", "What this is", "Root"),
        plain("/status", "status", "Whether the marketplace is well, and who asks", "Status"),
        plain("/livez", "live", "Whether the process is up", "Health"),
        plain("/readyz", "ready", "Whether requests can be served", "Health"),
        description(),
    ]
}

/// A page about the marketplace itself.
fn plain(path: &str, id: &str, summary: &str, schema: &str) -> (String, Value) {
    let answer = answers::json(summary, reference(schema), &[]);
    (
        path.into(),
        json!({ "get": Operation::read("status", id, summary, path).answers("200", answer, &[&[401, 406, 503]]) }),
    )
}

fn description() -> (String, Value) {
    let answer = answers::json("This description.", json!({ "type": "object" }), &["ETag"]);
    let operation = Operation::read("status", "openapi", "The API described", "/openapi.json");
    ("/openapi.json".into(), json!({ "get": operation.answers_known(answer, &[&[406, 503]]) }))
}

fn facets() -> Value {
    let value = object(
        "A value, and how many products have it.",
        json!({ "value": { "type": "string" }, "name": { "type": ["string", "null"] }, "count": { "type": "integer", "minimum": 1 } }),
    );
    let values = || json!({ "type": "array", "items": value.clone() });
    let facets = object(
        "The values of each facet, the most frequent first.",
        json!({ "mime_type": values(), "domain": values(), "license_id": values(), "badge_id": values() }),
    );
    let summary = "Tell what the products that are found have in common";
    let kept = |name: &str| !matches!(name, "page" | "per_page" | "sort" | "order" | "cursor");
    let parameters = of_index::<Product>().into_iter().filter(|(name, ..)| kept(name));
    let operation = Operation::read("products", "listProductFacets", summary, "/products/facets");
    let operation =
        parameters.fold(operation, |operation, (name, schema, text)| operation.parameter(query(name, schema, &text)));
    operation.answers_known(answers::json("The facets.", facets, &["ETag"]), &[&[400, 401, 403, 406, 503]])
}

fn packages() -> Value {
    let dry_run = query("dry_run", json!({ "type": "boolean", "default": false }), "Whether to change nothing.");
    let summary = "Publish a marketplace.json, or tell what that would do";
    let operation = Operation::write("packages", "publishPackage", summary, "/packages").parameter(dry_run);
    let operation = operation.header("PackageSignature");
    let mut post = operation.body(reference("Manifest"), None, true).answers(
        "200",
        answers::json("What was done.", reference("PackageOutcome"), &["ETag"]),
        &[&[400, 401, 403, 404, 406, 409, 413, 422, 503]],
    );
    // A dry run takes no more rights than to read.
    post["security"] = json!([{}, { "bearer": [] }]);
    json!({ "post": post })
}

/// The schemas.
pub fn schemas() -> [(&'static str, Value); 12] {
    let text = || json!({ "type": "string" });
    let instant = || Shape::Time.schema();
    let flag = || Shape::Boolean.schema();
    let maybe_id = || json!({ "type": ["string", "null"], "format": "uuid" });
    let line = || json!({ "type": "integer", "minimum": 1 });
    let count = || json!({ "type": "integer", "minimum": 0 });
    let word = |words: &[&str]| json!({ "type": "string", "enum": words });
    let mut status = object(
        "Whether the marketplace is well, and who asks.",
        json!({
            "message": text(), "version": text(), "rules": reference("Rules"), "product": reference("Clock"), "database": reference("Clock"),
        }),
    );
    status["properties"]["jwt"] = reference("Credential");
    status["properties"]["identity"] = reference("Principal");
    status["properties"]["platform"] = reference("Platform");
    status["properties"]["permissions"] = Permissions::schema();
    let mut step = object(
        "A step of a publication.",
        json!({
            "action": word(&["create", "update", "submit", "publish", "unchanged"]),
            "resource": text(), "name": text(), "id": Shape::Id.schema(),
        }),
    );
    let change = object("A field that changes.", json!({ "field": text(), "from": {}, "to": {} }));
    step["properties"]["changes"] = json!({ "type": "array", "items": change });
    [
        ("Problem", answers::problem()),
        ("Health", object("That all is well.", json!({ "message": text() }))),
        (
            "Rules",
            object(
                "What the operator lets people do, and requires of builds before they are published.",
                json!({
                    "self_publishing": about(flag(), "Owners publish what is theirs."),
                    "review": about(flag(), "Somebody other than who submitted a build has to validate it."),
                    "check": about(flag(), "A build has to pass the operator's check."),
                    "strict": about(flag(), "The manifest of a build has to be without warnings."),
                }),
            ),
        ),
        ("Clock", object("An instant.", json!({ "datetime": instant() }))),
        (
            "Principal",
            object(
                "Who asks.",
                json!({
                    "id": maybe_id(), "user_id": Shape::Id.schema(), "user": reference("User"),
                    "provider": { "type": ["object", "null"], "properties": { "id": Shape::Id.schema(), "name": text() } },
                }),
            ),
        ),
        (
            "Credential",
            object(
                "What the request is signed in by.",
                json!({
                    "id": maybe_id(), "encoded": text(), "scopes": { "type": "array", "items": text() },
                    "expires_at": { "type": ["string", "null"], "format": "date-time" },
                }),
            ),
        ),
        (
            "Root",
            object(
                "What is at the root.",
                json!({ "message": text(), "title": text(), "ui": text(), "openapi": text(), "docs": text(), "status": text() }),
            ),
        ),
        ("Status", status),
        ("Manifest", manifest()),
        ("PackageStep", step),
        (
            "Diagnostic",
            object(
                "Something that a manifest could do better.",
                json!({
                    "severity": word(&["error", "warning"]),
                    "path": text(), "line": line(), "column": line(), "length": count(), "message": text(), "help": text(),
                }),
            ),
        ),
        ("PackageOutcome", outcome()),
    ]
}

fn outcome() -> Value {
    let flag = || Shape::Boolean.schema();
    let address = || {
        let members = json!({ "id": Shape::Id.schema(), "name": { "type": "string" }, "url": { "type": "string" } });
        object("Where it is found.", members)
    };
    let text = || json!({ "type": "string" });
    let kind = json!({ "type": "string", "enum": ["asset", "image"] });
    let missing = object("A file to be sent first.", json!({ "path": text(), "digest": text(), "kind": kind }));
    object(
        "What publishing a package did or, in a dry run, would do.",
        json!({
            "dry_run": flag(), "unchanged": flag(), "published": flag(), "submitted": flag(), "product": address(), "build": address(),
            "steps": { "type": "array", "items": reference("PackageStep") },
            "missing": { "type": "array", "items": missing },
            "warnings": { "type": "array", "items": reference("Diagnostic") },
        }),
    )
}

/// The frame of a marketplace.json. What else holds of it, `mkt publish --dry-run` tells with lines and columns.
fn manifest() -> Value {
    let example: Value = serde_json::from_str(include_str!("../../core/manifest/example.json")).unwrap_or_default();
    let text = || json!({ "type": "string" });
    let binary = json!({ "type": "object", "properties": { "registry": text(), "image": text() } });
    let build = json!({
        "type": "object",
        "required": ["uuid", "version", "binary"],
        "properties": { "uuid": Shape::Id.schema(), "version": text(), "binary": binary, "release_notes": text() },
    });
    let facts = json!({ "type": "object", "required": ["name"], "properties": { "name": text() } });
    let configuration = json!({ "type": "object", "properties": { "default": { "type": "boolean" }, "name": text(),
        "task": { "type": "array", "items": { "type": "object" } } } });
    json!({
        "type": "object",
        "description": "A marketplace.json: a product, one of its builds, and the ways to run it.",
        "required": ["product", "configuration"],
        "properties": {
            "marketplace_url": text(),
            "product": object("The product.", json!({ "uuid": Shape::Id.schema(), "build": build, "facts": facts })),
            "configuration": { "type": "array", "minItems": 1, "items": configuration },
            "provenance": { "type": "array", "items": { "type": "object" } },
        },
        "examples": [example],
    })
}
