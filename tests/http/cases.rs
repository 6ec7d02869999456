//! Every resource with what is particular to it, for the walk in `resources`.

use mkt::core::access::administrator;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use super::forms::{Upload, multipart, pairs};
use super::{Answer, Tree, id_in, text};
use crate::support::Server;

/// The public key of RFC 8037.
const KEY: &str = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";

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
        let made = async |path: &str, body: Value| text(&server.create(path, body).await, "id");
        let named = json!({ "name": format!("{name} too") });
        let (user, other_user) = (made("/users", named.clone()).await, made("/users", named.clone()).await);
        let interface = |number: i32| json!({ "name": format!("{name} {number}"), "uri": name, "version": number });
        let group = made("/groups", named.clone()).await;
        let role = made("/roles", json!({ "name": format!("{name} too"), "permissions": {} })).await;
        let platform = made(&format!("/users/{user}/platforms"), named.clone()).await;
        let provider = json!({
            "name": name, "issuer": format!("https://{name}.example.org"), "client_id": "mkt", "client_secret": "s",
        });
        let entitlement = json!({ "user_id": user, "product_license_id": nested(1), "valid_from": "2026-01-01" });
        Self(vec![
            ("user", user.clone()),
            ("other_user", other_user),
            ("group", group),
            ("role", role),
            ("platform", platform),
            ("provider", made("/identity_providers", provider).await),
            ("entitlement", made("/entitlements", entitlement).await),
            ("offer", nested(1)),
            ("other_product", made("/products", named.clone()).await),
            ("third_product", made("/products", json!({ "name": format!("{name} three") })).await),
            ("product", nested(0)),
            ("build", nested(2)),
            ("exposure", nested(4)),
            ("configuration", nested(6)),
            ("license", nth("/licenses", 1).await),
            ("other_license", nth("/licenses", 2).await),
            ("interface", made("/interfaces", interface(1)).await),
            ("other_interface", made("/interfaces", interface(2)).await),
            ("third_interface", made("/interfaces", interface(3)).await),
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

impl Case {
    /// A creation, with its file where the resource has one.
    pub fn creation(&self, server: &Server, path: &str, body: &Value) -> RequestBuilder {
        let request = server.request(Method::POST, path);
        if self.has_file() { multipart(request, &pairs(self.name, body), &self.file()) } else { request.json(body) }
    }

    /// Makes one.
    pub async fn create(&self, server: &Server, path: &str, body: &Value) -> Value {
        let answer = Answer::to(self.creation(server, path, body)).await;
        assert_eq!(answer.status, 201, "{}: {}", self.name, answer.body);
        answer.json()
    }

    pub fn has_file(&self) -> bool {
        matches!(self.name, "screenshot" | "logo")
    }

    /// Its file as the part of a form.
    pub fn file(&self) -> Vec<Upload> {
        self.has_file().then(|| Upload::png(&format!("{}[image]", self.name), [1, 2, 3])).into_iter().collect()
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
        Case {
            name: "screenshot",
            path: "/products/{product}/screenshots",
            body: json!({ "caption": "Case" }),
            defaults: json!({ "product_id": "{product}", "image_media_type": "image/png" }),
            change: json!({ "caption": "Case, later" }),
            changed: json!({ "caption": "Case, later" }),
            invalid: json!({ "caption": " " }),
            errors: &["caption", "image"],
            unique: &[("caption", "Else")],
        },
        Case {
            name: "logo",
            path: "/products/{product}/logos",
            body: json!({}),
            defaults: json!({ "product_id": "{product}", "image_media_type": "image/png" }),
            change: json!({}),
            changed: json!({}),
            invalid: json!({}),
            errors: &["image"],
            unique: &[],
        },
        Case {
            name: "group",
            path: "/groups",
            body: json!({ "name": "Case" }),
            defaults: json!({ "description": null }),
            change: json!({ "description": "Some.\nOthers." }),
            changed: json!({ "description": "Some.\nOthers." }),
            invalid: json!({ "name": "a\u{0}b", "description": {} }),
            errors: &["description", "name"],
            unique: &[("name", "Else")],
        },
        Case {
            name: "member",
            path: "/groups/{group}/members",
            body: json!({ "user_id": "{user}" }),
            defaults: json!({ "group_id": "{group}" }),
            change: json!({ "user_id": "{administrator}" }),
            changed: json!({ "user_id": "{administrator}" }),
            invalid: json!({ "user_id": nobody }),
            errors: &["user_id"],
            unique: &[("user_id", "{other_user}")],
        },
        Case {
            name: "appointment",
            path: "/roles/{role}/appointments",
            body: json!({ "entity_type": "User", "entity_id": "{user}" }),
            defaults: json!({ "role_id": "{role}" }),
            change: json!({ "entity_type": "Group", "entity_id": "{group}" }),
            changed: json!({ "entity_type": "Group", "entity_id": "{group}" }),
            invalid: json!({ "entity_type": "User", "entity_id": nobody }),
            errors: &["entity_id"],
            unique: &[("entity_id", "{other_user}")],
        },
        Case {
            name: "identity_provider",
            path: "/identity_providers",
            body: json!({
                "name": "Case", "issuer": "https://case.example.org", "client_id": "mkt", "client_secret": "swordfish",
            }),
            defaults: json!({
                "alternate_client_id": null, "scopes": null, "enabled_at": null, "configuration": null,
                "public_keys": null, "client_secret": "absent",
            }),
            change: json!({ "scopes": "openid profile", "alternate_client_id": "app", "client_secret": "marlin" }),
            changed: json!({ "scopes": "openid profile", "alternate_client_id": "app", "client_secret": "absent" }),
            invalid: json!({ "issuer": "example.org", "scopes": "a\nb" }),
            errors: &["client_id", "client_secret", "issuer", "name", "scopes"],
            unique: &[("name", "Else"), ("issuer", "https://else.example.org")],
        },
        Case {
            name: "identity",
            path: "/users/{user}/identities",
            body: json!({ "identity_provider_id": "{provider}", "sub": "case" }),
            defaults: json!({
                "user_id": "{user}", "iat": null, "hd": null, "locale": null, "email": null, "jwt": {},
                "notify_via_email": false, "notify_via_sms": false,
            }),
            change: json!({ "notify_via_email": true, "email": "case@example.org", "jwt": { "sub": "case" } }),
            changed: json!({ "notify_via_email": true, "email": "case@example.org", "jwt": { "sub": "case" } }),
            invalid: json!({ "identity_provider_id": nobody, "email": "case", "jwt": [], "notify_via_sms": 7 }),
            errors: &["email", "identity_provider_id", "jwt", "notify_via_sms", "sub"],
            unique: &[("sub", "else")],
        },
        Case {
            name: "token",
            path: "/users/{user}/tokens",
            body: json!({ "expires_at": "2099-01-31T00:00:00.000Z" }),
            defaults: json!({
                "user_id": "{user}", "name": null, "scopes": [], "identity_id": null, "last_used_at": null,
                "secret": "absent",
            }),
            change: json!({ "name": "Nightly build" }),
            changed: json!({ "name": "Nightly build" }),
            invalid: json!({ "expires_at": "2001-01-31", "name": " ", "scopes": {} }),
            errors: &["expires_at", "name", "scopes"],
            unique: &[],
        },
        Case {
            name: "platform",
            path: "/users/{user}/platforms",
            body: json!({ "name": "Case" }),
            defaults: json!({ "user_id": "{user}", "public_key": null }),
            change: json!({ "public_key": "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}" }),
            changed: json!({ "public_key": "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}" }),
            invalid: json!({ "public_key": "{\"kty\":\"OKP\",\"d\":\"secret\"}" }),
            errors: &["name", "public_key"],
            unique: &[("name", "Else")],
        },
        Case {
            name: "publisher_key",
            path: "/users/{user}/publisher_keys",
            body: json!({ "name": "Case", "public_key": KEY }),
            defaults: json!({ "user_id": "{user}", "revoked_at": null }),
            change: json!({ "name": "Renamed" }),
            changed: json!({ "name": "Renamed" }),
            invalid: json!({ "name": " ", "public_key": "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}" }),
            errors: &["name", "public_key"],
            unique: &[("name", "Else")],
        },
        Case {
            name: "instance",
            path: "/users/{user}/platforms/{platform}/instances",
            body: json!({ "build_id": "{build}" }),
            defaults: json!({
                "platform_id": "{platform}", "configuration_id": null, "launch_bindings": {}, "deployed_at": null,
                "state": "pending", "state_message": null, "last_seen_at": null, "wanted": "running", "updates": "approve",
                "maintenance": null, "maintenance_minutes": 60, "previous_build_id": null, "previous_configuration_id": null,
            }),
            change: json!({
                "configuration_id": "{configuration}", "launch_bindings": { "FHIR_URL": "http://fhir" },
                "deployed_at": "2026-01-31T12:00:00.5+01:00", "wanted": "stopped", "updates": "automatic",
                "maintenance": "0 3 * * 6", "maintenance_minutes": 120,
            }),
            changed: json!({
                "configuration_id": "{configuration}", "launch_bindings": { "FHIR_URL": "http://fhir" },
                "deployed_at": "2026-01-31T11:00:00.500Z", "wanted": "stopped", "updates": "automatic",
                "maintenance": "0 3 * * 6", "maintenance_minutes": 120,
            }),
            invalid: json!({
                "build_id": nobody, "launch_bindings": 1, "deployed_at": 1, "wanted": "perhaps", "updates": "never",
                "maintenance": "nightly", "maintenance_minutes": 0,
            }),
            errors: &[
                "build_id",
                "deployed_at",
                "launch_bindings",
                "maintenance",
                "maintenance_minutes",
                "updates",
                "wanted",
            ],
            unique: &[],
        },
        Case {
            name: "sub_product",
            path: "/sub_products",
            body: json!({ "parent_id": "{product}", "child_id": "{other_product}" }),
            defaults: json!({}),
            change: json!({ "parent_id": "{third_product}" }),
            changed: json!({ "parent_id": "{third_product}" }),
            invalid: json!({ "parent_id": "{product}", "child_id": "{product}" }),
            errors: &["child_id"],
            unique: &[("child_id", "{third_product}")],
        },
        Case {
            name: "surrogate",
            path: "/interfaces/{interface}/surrogates",
            body: json!({ "substitute_id": "{other_interface}" }),
            defaults: json!({ "interface_id": "{interface}" }),
            change: json!({ "substitute_id": "{third_interface}" }),
            changed: json!({ "substitute_id": "{third_interface}" }),
            invalid: json!({ "substitute_id": "{interface}" }),
            errors: &["substitute_id"],
            unique: &[("substitute_id", "{third_interface}")],
        },
        Case {
            name: "entitlement",
            path: "/entitlements",
            body: json!({ "user_id": "{user}", "product_license_id": "{offer}", "valid_from": "2026-01-31T00:00:00.000Z" }),
            defaults: json!({ "authorization_count": 0 }),
            change: json!({ "user_id": "{other_user}", "valid_from": "2024-02-29T23:59:59.999-01:00" }),
            changed: json!({ "user_id": "{other_user}", "valid_from": "2024-03-01T00:59:59.999Z" }),
            invalid: json!({ "user_id": nobody, "product_license_id": nobody }),
            errors: &["product_license_id", "user_id", "valid_from"],
            unique: &[],
        },
        Case {
            name: "claim",
            path: "/entitlements/{entitlement}/claims",
            body: json!({ "claimant_type": "User", "claimant_id": "{user}" }),
            defaults: json!({ "entitlement_id": "{entitlement}", "authorization_count": 0, "authorized_at": null }),
            change: json!({}),
            changed: json!({}),
            invalid: json!({ "claimant_type": "Group", "claimant_id": "{user}" }),
            errors: &["claimant_id"],
            unique: &[("claimant_id", "{other_user}")],
        },
        Case {
            name: "voucher",
            path: "/vouchers",
            body: json!({
                "product_license_id": "{offer}", "code": "0123-4567-89AB-CDEF", "issued_at": "2026-01-31T00:00:00.000Z",
            }),
            defaults: json!({ "expires_at": null, "entitlement_id": null, "redeemed_at": null, "redeemed_by": null }),
            change: json!({ "expires_at": "2030-01-31T00:00:00.000Z" }),
            changed: json!({ "expires_at": "2030-01-31T00:00:00.000Z" }),
            invalid: json!({ "code": "ABC", "issued_at": "2030-01-31", "expires_at": "2029-01-31" }),
            errors: &["code", "expires_at", "product_license_id"],
            unique: &[("code", "0123-4567-89AB-CDEG")],
        },
        Case {
            name: "attempt",
            path: "/attempts",
            body: json!({
                "product_id": "{product}", "claimant_type": "Group", "claimant_id": "{group}", "outcome": "granted",
            }),
            defaults: json!({ "claim_id": null, "entitlement_id": null, "quantity": 1, "reason": null }),
            change: json!({ "outcome": "refused", "reason": "expired" }),
            changed: json!({ "outcome": "refused", "reason": "expired" }),
            invalid: json!({ "product_id": 1, "claimant_type": "Everybody", "claimant_id": "me", "claim_id": "x" }),
            errors: &["claim_id", "claimant_id", "claimant_type", "outcome", "product_id"],
            unique: &[],
        },
    ]
}
