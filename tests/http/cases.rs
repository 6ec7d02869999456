//! Every resource with what is particular to it, for the walk in `resources`.

use mkt::core::access::administrator;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Tree, id_in, text};
use crate::support::Server;

/// A resource, as the walk needs to know it. `{…}` stands for an id of [`World`].
pub struct Case {
    /// The singular, which wraps bodies.
    pub name: &'static str,
    /// Its collection.
    pub path: &'static str,
    /// The least that makes one.
    pub body: Value,
    /// What is answered besides.
    pub defaults: Value,
    /// A change, and how it is answered.
    pub change: Value,
    pub changed: Value,
    /// A creation with everything wrong, and the fields that are at fault.
    pub invalid: Value,
    pub errors: &'static [&'static str],
    /// Unique fields, each with another value.
    pub unique: &'static [(&'static str, &'static str)],
}

/// The ids of what resources are nested in and refer to.
pub struct World(Vec<(&'static str, String)>);

impl World {
    pub async fn make(server: &Server, name: &str) -> Self {
        let tree = Tree::plant(server, json!({ "name": name })).await;
        let nested = |index: usize| id_in(&tree.items[index]).to_owned();
        let nth = async |path: &str, index: usize| text(&server.get(path).await["results"][index], "id");
        Self(vec![
            ("product", nested(0)),
            ("build", nested(2)),
            ("exposure", nested(4)),
            ("configuration", nested(6)),
            ("license", nth("/licenses", 1).await),
            ("other_license", nth("/licenses", 2).await),
            ("interface", nth("/interfaces", 1).await),
            ("other_interface", nth("/interfaces", 2).await),
            ("administrator", administrator::ID.to_string()),
        ])
    }

    /// A path with its ids.
    pub fn path(&self, path: &str) -> String {
        self.0.iter().fold(path.to_owned(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id))
    }

    /// A body with its ids.
    pub fn body(&self, body: &Value) -> Value {
        serde_json::from_str(&self.path(&body.to_string())).unwrap()
    }

    /// The path with each of its parents in turn taken from another world.
    pub fn astray(&self, path: &str, other: &Self) -> Vec<String> {
        let parents = self.0.iter().zip(&other.0).filter(|((name, _), _)| path.contains(&format!("{{{name}}}")));
        parents.map(|((name, _), (_, id))| self.path(&path.replace(&format!("{{{name}}}"), id))).collect()
    }
}

pub fn cases() -> Vec<Case> {
    let nobody = Uuid::new_v4();
    vec![
        Case {
            name: "license",
            path: "/licenses",
            body: json!({ "name": "Case", "url": "https://example.org/case" }),
            defaults: json!({
                "description": null, "expiry": "indefinite", "days_valid": null, "expires_at": null, "uses": 0,
                "seats": 0, "grace_days": 0, "external_id": null, "terms": null,
            }),
            change: json!({ "expiry": 2, "expires_at": "2030-01-31T13:00:00+01:00", "seats": 5, "terms": "1\n2\t3" }),
            changed: json!({
                "expiry": "absolute_date", "expires_at": "2030-01-31T12:00:00.000Z", "seats": 5, "terms": "1\n2\t3",
            }),
            invalid: json!({
                "url": "ftp://example.org", "expiry": "absolute_date", "days_valid": 1.5, "uses": -1, "seats": "many",
            }),
            errors: &["days_valid", "expires_at", "name", "seats", "url", "uses"],
            unique: &[("name", "Else"), ("url", "https://example.org/else")],
        },
        Case {
            name: "interface",
            path: "/interfaces",
            body: json!({ "name": "Case", "uri": "https://example.org/case", "version": "1.0" }),
            defaults: json!({ "ordinal": 0 }),
            change: json!({ "ordinal": -7, "version": "2.0" }),
            changed: json!({ "ordinal": -7, "version": "2.0" }),
            invalid: json!({ "name": " ", "version": "a b", "ordinal": "high" }),
            errors: &["name", "ordinal", "uri", "version"],
            unique: &[("name", "Else"), ("version", "9")],
        },
        Case {
            name: "badge",
            path: "/badges",
            body: json!({ "name": "Case", "description": "It was seen." }),
            defaults: json!({}),
            change: json!({ "description": "It was seen twice." }),
            changed: json!({ "description": "It was seen twice." }),
            invalid: json!({ "name": ["Case"] }),
            errors: &["description", "name"],
            unique: &[("name", "Else")],
        },
        Case {
            name: "role",
            path: "/roles",
            body: json!({ "name": "Case", "permissions": { "products": { "read": true } } }),
            defaults: json!({
                "description": null, "default": false,
                "permissions": { "products": { "publish": false }, "everything": { "manage": false } },
            }),
            change: json!({ "default": true, "permissions": { "products": { "read": true, "delete": false } } }),
            changed: json!({ "default": true, "permissions": { "products": { "read": true, "delete": false } } }),
            invalid: json!({ "default": "maybe", "permissions": { "products": { "fly": true } } }),
            errors: &["default", "name", "permissions"],
            unique: &[("name", "Else")],
        },
        Case {
            name: "user",
            path: "/users",
            body: json!({ "name": "Case" }),
            defaults: json!({
                "external_id": null, "salutation": null, "first_name": null, "middle_name": null, "last_name": null,
                "email": null, "given_name": null, "family_name": null,
            }),
            change: json!({ "given_name": "Alex", "last_name": "Example", "email": "alex@example.org" }),
            changed: json!({
                "given_name": "Alex", "first_name": "Alex", "family_name": "Example", "last_name": "Example",
                "email": "alex@example.org",
            }),
            invalid: json!({ "name": "", "email": "nobody", "salutation": "a\nb" }),
            errors: &["email", "name", "salutation"],
            unique: &[],
        },
        Case {
            name: "product",
            path: "/products",
            body: json!({ "name": "Case" }),
            defaults: json!({
                "description": null, "user_id": "{administrator}", "uri": null, "support_url": null,
                "external_id": null, "locale": null, "mime_type": null, "published_at": null, "visible_at": null,
                "product_licenses": [], "screenshots": [], "badges": [], "latest_build": null,
            }),
            change: json!({ "description": "New.\nLonger.", "support_url": "tel:+123", "visible_at": "2031-01-31" }),
            changed: json!({
                "description": "New.\nLonger.", "support_url": "tel:+123", "visible_at": "2031-01-31T00:00:00.000Z",
            }),
            invalid: json!({
                "name": "", "mime_type": "smart", "locale": "!", "support_url": "javascript:alert(1)",
                "visible_at": "soon", "user_id": nobody,
            }),
            errors: &["locale", "mime_type", "name", "support_url", "user_id", "visible_at"],
            unique: &[("name", "Else")],
        },
        Case {
            name: "product_license",
            path: "/products/{product}/licenses",
            body: json!({ "license_id": "{license}" }),
            defaults: json!({ "product_id": "{product}", "external_id": null }),
            change: json!({ "external_id": "offer-1" }),
            changed: json!({ "external_id": "offer-1" }),
            invalid: json!({ "license_id": nobody, "external_id": {} }),
            errors: &["external_id", "license_id"],
            unique: &[("license_id", "{other_license}")],
        },
        Case {
            name: "build",
            path: "/products/{product}/builds",
            body: json!({ "version": "2.0.0" }),
            defaults: json!({
                "product_id": "{product}", "build_version": null, "ordinal": 0, "container_repository": null,
                "container_tag": null, "container_digest": null, "permissions": {}, "release_notes": null,
                "marketplace": null, "validated_at": null, "published_at": null, "yanked_at": null,
                "asset_available": false,
            }),
            change: json!({ "build_version": "#7", "release_notes": "Faster.", "permissions": { "network": "none" } }),
            changed: json!({ "build_version": "#7", "release_notes": "Faster.", "permissions": { "network": "none" } }),
            invalid: json!({ "version": "a b", "ordinal": true, "permissions": [] }),
            errors: &["ordinal", "permissions", "version"],
            unique: &[("version", "9.0.0")],
        },
        Case {
            name: "configuration",
            path: "/products/{product}/builds/{build}/configurations",
            body: json!({ "name": "Case" }),
            defaults: json!({ "build_id": "{build}", "default": false }),
            change: json!({ "default": true }),
            changed: json!({ "default": true }),
            invalid: json!({ "default": "maybe" }),
            errors: &["default", "name"],
            unique: &[("name", "Else")],
        },
        Case {
            name: "task",
            path: "/products/{product}/builds/{build}/configurations/{configuration}/tasks",
            body: json!({ "name": "Case" }),
            defaults: json!({
                "configuration_id": "{configuration}", "minimum": 0, "maximum": 0, "memory": 1024,
                "memory_minimum": null, "options": [], "ports": [], "cron": null, "environment": [],
            }),
            change: json!({
                "instances_minimum": 1, "maximum": 3, "memory_maximum": 64, "ports": [80, 443],
                "options": ["-v", "--all"], "cron": "0 3 * * *",
                "environment": [{ "key": "FHIR_URL", "description": "Where.", "required": true }],
            }),
            changed: json!({
                "minimum": 1, "maximum": 3, "memory": 64, "ports": [80, 443], "options": ["-v", "--all"],
                "cron": "0 3 * * *",
                "environment": [
                    { "key": "FHIR_URL", "description": "Where.", "required": true, "default": null, "pattern": null },
                ],
            }),
            invalid: json!({
                "minimum": 3, "maximum": 2, "memory": 0, "memory_minimum": -1, "cron": "daily", "ports": [0],
                "options": [1], "environment": [{ "key": "a b", "description": "" }],
            }),
            errors: &["cron", "environment", "maximum", "memory", "memory_minimum", "name", "options", "ports"],
            unique: &[("name", "Else")],
        },
        Case {
            name: "dependency",
            path: "/products/{product}/builds/{build}/dependencies",
            body: json!({ "interface_id": "{interface}" }),
            defaults: json!({
                "build_id": "{build}", "dependency_product_id": null, "dependency_build_ids": [], "required": true,
                "mappings": {},
            }),
            change: json!({
                "required": false, "mappings": { "base_url": "FHIR_URL" }, "uuid": "{product}", "build": ["{build}"],
            }),
            changed: json!({
                "required": false, "mappings": { "base_url": "FHIR_URL" },
                "dependency_product_id": "{product}", "dependency_build_ids": ["{build}"],
            }),
            invalid: json!({ "required": "maybe", "mappings": [], "build": ["x"] }),
            errors: &["dependency_build_ids", "interface_id", "mappings", "required"],
            unique: &[],
        },
        Case {
            name: "exposure",
            path: "/products/{product}/builds/{build}/exposures",
            body: json!({ "interface_id": "{interface}" }),
            defaults: json!({ "build_id": "{build}" }),
            change: json!({ "interface_id": "{other_interface}" }),
            changed: json!({ "interface_id": "{other_interface}" }),
            invalid: json!({ "interface_id": nobody }),
            errors: &["interface_id"],
            unique: &[("interface_id", "{other_interface}")],
        },
        Case {
            name: "parameter",
            path: "/products/{product}/builds/{build}/exposures/{exposure}/parameters",
            body: json!({ "name": "Case" }),
            defaults: json!({ "exposure_id": "{exposure}", "required": false }),
            change: json!({ "required": true }),
            changed: json!({ "required": true }),
            invalid: json!({ "name": null, "required": "maybe" }),
            errors: &["name", "required"],
            unique: &[("name", "Else")],
        },
    ]
}
