//! Text fields: no control characters, and an end to their length.

use reqwest::Method;
use serde_json::{Value, json};

use super::problems::assert_problem;
use super::{Tree, first, id_in, text};
use crate::support::{Database, Server, on_both};

on_both! {
    async fn text_has_no_control_characters_and_an_end(database: Database) {
        let server = Server::start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Target" })).await;
        let license = format!("/licenses/{}", first(&server, "/licenses").await.as_str().unwrap());
        let user = text(&server.create("/users", json!({ "name": "User" })).await, "path");
        let (task, dependency) = (&tree.items[7], &tree.items[3]);
        let lines = [
            (&tree.product, "name"), (&tree.product, "external_id"), (&tree.product, "mime_type"),
            (&tree.product, "locale"), (&tree.product, "support_url"), (&tree.product, "uri"), (&tree.build, "version"),
            (&license, "url"), (&user, "email"), (&user, "first_name"), (task, "cron"),
        ];
        let around = |field: &str, bad: &str| match field {
            "mime_type" => format!("text/plain; a={bad}"),
            "locale" => format!("en-{bad}"),
            "support_url" | "url" => format!("https://example.org/{bad}"),
            "email" => format!("a{bad}@example.org"),
            "cron" => format!("0 3 * *{bad} *"),
            _ => format!("a{bad}b"),
        };
        for bad in ["\0", "\u{7}", "\n", "\r", "\t", "\u{1b}[2J", "\u{7f}", "\u{85}"] {
            for (path, field) in lines {
                assert_invalid(&server, path, field, json!(around(field, bad))).await;
            }
            // Prose has lines and tabs.
            let bad = around("", bad);
            if !bad.contains(['\n', '\r', '\t']) {
                assert_invalid(&server, &tree.product, "description", json!(bad)).await;
                assert_invalid(&server, &tree.build, "release_notes", json!(bad)).await;
                assert_invalid(&server, task, "options", json!([bad])).await;
                assert_invalid(&server, task, "environment", json!([{ "key": "A", "description": bad }])).await;
            }
        }
        assert_invalid(&server, &tree.build, "permissions", json!({ "a": ["\0"] })).await;
        assert_invalid(&server, dependency, "mappings", json!({ "a\0": 1 })).await;

        let (of, kib) = (|length: usize| "é".repeat(length), 1024);
        let url = |length: usize| format!("https://a.org/{}", "x".repeat(length - 14));
        let email = |length: usize| format!("{}@a.org", "x".repeat(length - 6));
        let object = |size: usize| json!({ "a": "x".repeat(size - 8) });
        let lengths = [
            (&tree.product, "name", json!(of(255)), json!(of(256))),
            (&tree.product, "external_id", json!(of(255)), json!(of(256))),
            (&tree.product, "description", json!(of(32 * kib)), json!(of(32 * kib) + "x")),
            (&tree.build, "version", json!(of(255)), json!(of(256))),
            (&tree.build, "permissions", object(64 * kib), object(64 * kib + 1)),
            (&license, "url", json!(url(2048)), json!(url(2049))),
            (&user, "email", json!(email(254)), json!(email(255))),
            (task, "memory", json!(i32::MAX), json!(1_i64 << 31)),
            (&tree.build, "ordinal", json!(i64::MAX), json!(u64::MAX)),
        ];
        for (path, field, fits, too_long) in lengths {
            assert_invalid(&server, path, field, too_long).await;
            let (status, answer) = server.send(Method::PATCH, path, json!({ field: fits })).await;
            assert!(status == 200 && answer[field] == fits, "{path} {field}: {status} {}", answer["message"]);
        }
    }
}

/// Asserts that a change of this field is refused for this field.
async fn assert_invalid(server: &Server, path: &str, field: &str, value: Value) {
    let context = format!("{} {field} = {:.60}", id_in(path), value.to_string());
    let request = server.request(Method::PATCH, path).json(&json!({ field: value }));
    let answer = assert_problem(request, 422, &context).await;
    let errors = &answer.json()["errors"];
    assert!(errors.as_object().unwrap().keys().eq([field]), "{context}: {errors}");
}
