//! Authorizations, described.

use serde_json::{Value, json};

use super::answers;
use super::examples;
use super::operations::Operation;
use super::parameters::{of_index, query};
use super::schemas::{about, object, reference};
use crate::core::field::{Field, Shape};
use crate::core::licensing::{BATCH, Reason, State};
use crate::core::model::{Attempt, PartyType};

/// The tag.
const TAG: &str = "authorizations";
/// What can go wrong with all of it.
const PROBLEMS: &[u16] = &[400, 401, 403, 404, 406, 503];

/// The paths.
pub fn paths() -> Vec<(String, Value)> {
    [
        ("users/{user_id}/products/{product_id}", "User", "a user"),
        ("groups/{group_id}/products/{product_id}", "Group", "a group"),
        ("products/{product_id}", "Caller", "whoever asks, by permission alone,"),
    ]
    .into_iter()
    .map(|(path, name, whom)| of(&format!("/authorizations/{path}"), name, whom))
    .chain([
        ("/authorizations/batch".to_owned(), json!({ "post": batch() })),
        ("/vouchers/{voucher_id}/redeem".to_owned(), json!({ "post": redeem() })),
        ("/attempts/summary".to_owned(), json!({ "get": summary() })),
    ])
    .collect()
}

fn of(path: &str, name: &str, whom: &str) -> (String, Value) {
    let quantity = || query("quantity", quantity(), "For how many uses.");
    let refused = || {
        let content = json!({ "application/problem+json": { "schema": reference("AuthorizationRefusal") } });
        json!({ "description": "It may not be used.", "content": content })
    };
    let granted = || answers::json("It may be used.", reference("Authorization"), &["ETag"]);
    let check = format!("Tell whether {whom} may use a product; nothing is counted");
    let check = Operation::read(TAG, &format!("check{name}"), &check, path).parameter(quantity());
    let mut check = check.answers_known(granted(), &[PROBLEMS]);
    check["security"] = json!([{ "bearer": [] }]);
    check["responses"]["422"] = refused();
    let authorize = format!("Ask whether {whom} may use a product, and have the use counted");
    let authorize = Operation::write(TAG, &format!("authorize{name}"), &authorize, path)
        .header("IdempotencyKey")
        .parameter(quantity());
    let mut authorize = authorize.answers("200", granted(), &[PROBLEMS]);
    authorize["responses"]["422"] = refused();
    (path.to_owned(), json!({ "get": check, "put": authorize }))
}

fn batch() -> Value {
    let id = || Shape::Id.schema();
    let one = json!({
        "type": "object",
        "required": ["product_id"],
        "properties": { "product_id": id(), "user_id": id(), "group_id": id(), "quantity": quantity() },
        "not": { "required": ["user_id", "group_id"] },
    });
    let example = json!({ "product_id": examples::id("product"), "user_id": examples::id("user"), "quantity": 1 });
    let body = json!({
        "type": "object",
        "required": ["authorizations"],
        "properties": { "authorizations": { "type": "array", "maxItems": BATCH, "items": one } },
        "examples": [{ "authorizations": [example] }],
    });
    let summary = "Ask whether products may be used, several at once, and have the uses counted";
    let results = json!({ "results": { "type": "array", "items": reference("BatchedAuthorization") } });
    let answer = answers::json("What came of each, in their order.", object("The decisions.", results), &["ETag"]);
    Operation::write(TAG, "authorizeBatch", summary, "/authorizations/batch")
        .header("IdempotencyKey")
        .body(body, None, true)
        .answers("200", answer, &[&[400, 401, 406, 413, 415, 422, 503]])
}

fn redeem() -> Value {
    let body = json!({
        "type": "object",
        "properties": { "user_id": about(Shape::Id.schema(), "Whom to give the entitlement to; you, unless told.") },
        "examples": [{}],
    });
    let path = "/vouchers/{voucher_id}/redeem";
    let summary = "Turn a voucher, by its code or id, into an entitlement";
    let mut operation = Operation::write("vouchers", "redeemVoucher", summary, path)
        .header("IdempotencyKey")
        .body(body, None, false)
        .answers(
            "200",
            answers::json("The voucher, with the entitlement's id.", reference("Voucher"), &["ETag"]),
            &[PROBLEMS, &[409, 413, 415, 422]],
        );
    operation["parameters"][0]["schema"] = json!({ "type": "string", "minLength": 1 });
    operation
}

fn summary() -> Value {
    let by = json!({ "type": "string", "enum": ["product", "claimant", "day"] });
    let mut by = query("by", by, "What to sum up by; days are those of UTC.");
    by["required"] = true.into();
    let sum = |text: &str| about(Shape::Integer { minimum: 0 }.schema(), text);
    let mut row = object(
        "The sum of some attempts, and what they have in common.",
        json!({
            "granted": sum("How many were granted."),
            "refused": sum("How many were refused."),
            "quantity": sum("How many uses were granted."),
        }),
    );
    row["properties"]["product_id"] = Shape::Id.schema();
    row["properties"]["claimant_type"] = PartyType::SHAPE.schema();
    row["properties"]["claimant_id"] = Shape::Id.schema();
    row["properties"]["day"] = json!({ "type": "string", "format": "date" });
    let page = json!({ "allOf": [json!({
        "type": "object", "required": ["results"], "properties": { "results": { "type": "array", "items": row } },
    })] });
    let text = "Sum up the attempts that you may read";
    let operation = Operation::read("attempts", "sumUpAttempts", text, "/attempts/summary").parameter(by);
    let kept = |name: &str| !matches!(name, "sort" | "order" | "cursor" | "text");
    let parameters = of_index::<Attempt>().into_iter().filter(|(name, ..)| kept(name));
    let operation =
        parameters.fold(operation, |operation, (name, schema, text)| operation.parameter(query(name, schema, &text)));
    operation.answers_known(answers::json("The sums.", page, &["ETag", "Link"]), &[&[400, 401, 403, 406, 503]])
}

fn quantity() -> Value {
    json!({ "type": "integer", "minimum": 1, "maximum": i32::MAX, "default": 1 })
}

/// The schemas.
pub fn schemas() -> [(&'static str, Value); 3] {
    let maybe = |kind: &str, format: &str| json!({ "type": [kind, "null"], "format": format });
    let instant = |text: &str| about(maybe("string", "date-time"), text);
    let grant = json!({
        "outcome": { "const": "granted" },
        "product_id": Shape::Id.schema(),
        "quantity": quantity(),
        "evaluated_at": about(Shape::Time.schema(), "The instant as of which all this holds."),
        "state": about(State::SHAPE.schema(), "Whether the right is valid, or in its grace."),
        "conclusive": about(
            json!({ "type": "boolean" }),
            "Whether the product need not ask again before valid_until.",
        ),
        "valid_until": instant("When the right ends; null is never."),
        "granted_until": instant("Until when it is granted, with the licence's grace."),
        "remaining_uses": about(json!({ "type": ["integer", "null"] }), "How many uses are left; null is any number."),
    });
    let mut grant = object("That a product may be used: the claim that counts, and what follows from it.", grant);
    grant["properties"]["attempt_id"] = about(Shape::Id.schema(), "The record of this.");
    grant["properties"]["receipt"] = about(json!({ "type": "string" }), "A signed proof (JWS), to be checked offline.");
    let refusal = json!({
        "outcome": { "const": "refused" },
        "product_id": Shape::Id.schema(),
        "claimant_type": PartyType::SHAPE.schema(),
        "claimant_id": Shape::Id.schema(),
        "quantity": quantity(),
        "evaluated_at": Shape::Time.schema(),
        "reason": Reason::SHAPE.schema(),
        "state": about(json!({ "type": ["string", "null"] }), "`expired` where the right's time is over."),
        "conclusive": about(
            json!({ "type": "boolean" }),
            "Whether to ask again is of no use until somebody changes the rights.",
        ),
        "valid_from": instant("When the next right begins, where one is to come."),
        "ended_at": instant("When it was last granted, where its time is over."),
        "message": { "type": "string" },
    });
    let mut refusal = object("That a product may not be used, and why.", refusal);
    refusal["properties"]["attempt_id"] = Shape::Id.schema();
    let one = json!({
        "type": "object",
        "description": "What came of one of a batch, with the status that it would have alone.",
        "required": ["status", "outcome"],
        "properties": {
            "status": { "type": "integer", "enum": [200, 403, 404, 422] },
            "outcome": { "type": "string", "enum": ["granted", "refused", "failed"] },
            "message": { "type": "string" },
        },
    });
    [("Authorization", grant), ("AuthorizationRefusal", refusal), ("BatchedAuthorization", one)]
}
