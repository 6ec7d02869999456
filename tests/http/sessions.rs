//! Tokens of every kind: what they may be used for, how they end, on one server and on two.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use mkt::core::clock;
use mkt::core::db::{Db, Wait};
use mkt::core::secret::Secret;
use mkt::core::signing;
use reqwest::{Method, StatusCode};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use uuid::Uuid;

use super::sign_in::{sign_in, status};
use super::{Answer, column, text};
use crate::support::{ADMIN_TOKEN, Database, Provider, Server, on_both};

/// A user with a token for these scopes: the user's path, the token's, and the token itself.
pub async fn user_with_token(server: &Server, name: &str, scopes: Value) -> (String, String, String) {
    let user = text(&server.create("/users", json!({ "name": name })).await, "path");
    let body = json!({ "name": "test", "expires_at": "2999-01-01", "scopes": scopes });
    let token = server.create(&format!("{user}/tokens"), body).await;
    (user, text(&token, "path"), text(&token, "token"))
}

async fn send(server: &Server, token: &str, method: Method, path: &str, body: Value) -> Answer {
    Answer::to(server.anonymous(method, path).bearer_auth(token).json(&body)).await
}

on_both! {
    async fn tokens_do_what_their_scopes_allow_until_they_end(database: Database) {
        let server = Server::start(&database).await;
        let (user, path, token) = user_with_token(&server, "Robot", json!(["products.read", "products.create"])).await;
        let (code, told) = status(&server, &token).await;
        assert_eq!((code, &told["jwt"]["scopes"]), (200, &json!(["products.read", "products.create"])));
        assert_eq!(told["identity"]["user"]["name"], "Robot", "who one is can be asked with any scopes");
        // The owner may change a product; this token may not.
        let made = server.create("/products", json!({ "name": "Theirs", "user_id": told["identity"]["user_id"] })).await;
        let product = text(&made, "path");
        assert_eq!(send(&server, &token, Method::GET, &product, json!({})).await.status, 200);
        let refused = send(&server, &token, Method::PUT, &product, json!({ "description": "x" })).await;
        assert_eq!(refused.status, 403);
        assert!(refused.body.contains("Your token lacks the scope products.update"), "{}", refused.body);
        let own = send(&server, &token, Method::GET, &user, json!({})).await;
        assert_eq!(own.status, 404, "beyond its scopes a token is as good as none: {}", own.body);
        let more = send(&server, &token, Method::POST, &format!("{user}/tokens"), json!({ "expires_at": "2999-01-01" })).await;
        assert_eq!(more.status, 404, "{}", more.body);

        // A new one in place of the old.
        let rotated = server.send(Method::POST, &format!("{path}/rotate"), json!({})).await;
        assert_eq!(rotated.0, StatusCode::OK, "{}", rotated.1);
        assert_eq!(status(&server, &token).await.0, 401);
        let token = text(&rotated.1, "token");
        assert_eq!(status(&server, &token).await.0, 200);
        assert!(server.get(&path).await["token"].is_null(), "it is shown once");
        // Revoked, and expired.
        server.send(Method::DELETE, &path, json!({})).await;
        assert_eq!(status(&server, &token).await.0, 401);
        let soon = clock::now().datetime() + Duration::from_millis(900);
        let brief = json!({ "name": "brief", "expires_at": clock::Timestamp::from(soon) });
        let brief = text(&server.create(&format!("{user}/tokens"), brief).await, "token");
        assert_eq!(status(&server, &brief).await.0, 200);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(status(&server, &brief).await.0, 401);
        for bad in ["", "mkt_", "mkt_made-up", "a.b.c", "Bearer", &"x".repeat(10_000), "eyJhbGciOiJub25lIn0.e30."] {
            assert_eq!(status(&server, bad).await.0, 401, "{bad:.40}");
        }
        assert!(!server.log().contains(&token));
    }

    async fn sessions_are_signed_and_end_where_they_are_ended(database: Database) {
        let server = Server::start(&database).await;
        let provider = Provider::start(&[&server]);
        let path = provider.register(&server, "EdDSA").await;
        let token = text(&sign_in(&server, &path, "ada").await, "jwt");
        // Anybody can check it with the published keys.
        let keys = server.get_anonymously("/.well-known/jwks.json").await.1;
        signing::Keys::default();
        let key = DecodingKey::from_jwk(&serde_json::from_value(keys["keys"][0].clone()).unwrap()).unwrap();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[server.url("")]);
        let claims = jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap();
        assert_eq!(claims.header.kid.as_deref(), keys["keys"][0]["kid"].as_str());
        let told = status(&server, &token).await.1;
        assert_eq!((&claims.claims["sub"], &claims.claims["jti"]), (&told["identity"]["id"], &told["jwt"]["id"]));
        // Bent anywhere, it is none.
        for place in [5, token.len() / 2, token.len() - 3] {
            let mut bent = token.clone().into_bytes();
            bent[place] = if bent[place] == b'A' { b'B' } else { b'A' };
            assert_eq!(status(&server, &String::from_utf8(bent).unwrap()).await.0, 401, "{place}");
        }
        // Keys change, and nobody is signed out by it.
        let url = database.url.parse().unwrap();
        let key = Secret::new("a secret key for tests, long enough");
        let db = Db::open(&url, Wait::No).await.unwrap().with_secret_key(&key).unwrap();
        let tx = db.begin().await.unwrap();
        signing::rotate(&tx, clock::now()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(status(&server, &token).await.0, 200);
        assert_eq!(server.get_anonymously("/.well-known/jwks.json").await.1["keys"].as_array().unwrap().len(), 2);
        let newer = text(&sign_in(&server, &path, "ada").await, "jwt");
        assert_eq!((status(&server, &newer).await.0, status(&server, &token).await.0), (200, 200));
        // Signing out ends this session alone.
        for path in ["/session", "/sessions"] {
            let token = if path == "/session" { &token } else { &newer };
            assert_eq!(send(&server, token, Method::DELETE, path, json!({})).await.status, 200);
            assert_eq!(status(&server, token).await.0, 401);
        }
        assert_eq!(Answer::to(server.anonymous(Method::DELETE, "/session")).await.status, 401);
        assert_eq!(send(&server, ADMIN_TOKEN, Method::DELETE, "/session", json!({})).await.status, 409);
    }

    async fn devices_are_signed_in_by_somebody_who_is(database: Database) {
        let server = Server::start(&database).await;
        let (_, _, token) = user_with_token(&server, "Approver", json!([])).await;
        let start = async || {
            let answer = Answer::to(server.anonymous(Method::POST, "/device/code").json(&json!({ "client": "mkt on ward-3" }))).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            answer.json()
        };
        let ask = async |device: &Value| {
            let grant = "urn:ietf:params:oauth:grant-type:device_code";
            let form = [("grant_type", grant), ("device_code", device["device_code"].as_str().unwrap())];
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            let request = server.anonymous(Method::POST, "/oauth/token").header("content-type", "application/x-www-form-urlencoded");
            Answer::to(request.body(body)).await
        };
        let device = start().await;
        assert_eq!(ask(&device).await.json()["error"], "authorization_pending");
        assert_eq!(ask(&device).await.json()["error"], "slow_down");
        let code = device["user_code"].as_str().unwrap().to_lowercase().replace('-', " ");
        let by = async |token: &str, body: Value| send(&server, token, Method::POST, "/device", body).await;
        assert_eq!(by(&token, json!({ "user_code": code })).await.json()["client"], "mkt on ward-3");
        assert_eq!(by(&token, json!({ "user_code": "AAAA-AAAA" })).await.status, 404);
        let stranger = Answer::to(server.anonymous(Method::POST, "/device").json(&json!({ "user_code": code, "approve": true }))).await;
        assert_eq!(stranger.status, 401);
        let (_, _, limited) = user_with_token(&server, "Limited", json!(["*.read"])).await;
        assert_eq!(by(&limited, json!({ "user_code": code, "approve": true })).await.status, 403);
        assert_eq!(by(&token, json!({ "user_code": code, "approve": true })).await.status, 200);
        assert_eq!(by(&token, json!({ "user_code": code, "approve": true })).await.status, 404, "once");
        let granted = ask(&device).await.json();
        assert_eq!((&granted["token_type"], &granted["expires_in"]), (&json!("Bearer"), &json!(86400)), "{granted}");
        let session = text(&granted, "access_token");
        assert_eq!(status(&server, &session).await.1["identity"]["user"]["name"], "Approver");
        assert_eq!(ask(&device).await.json()["error"], "expired_token", "told once");
        // Refused.
        let device = start().await;
        assert_eq!(by(&token, json!({ "user_code": device["user_code"], "approve": false })).await.status, 200);
        assert_eq!(ask(&device).await.json()["error"], "access_denied");
        assert_eq!(ask(&json!({ "device_code": "made up" })).await.json()["error"], "expired_token");
    }

    async fn platforms_sign_in_with_their_key(database: Database) {
        let server = Server::start(&database).await;
        let other = Server::start(&database).await;
        let (user, _, token) = user_with_token(&server, "Ward", json!([])).await;
        for key in [PlatformKey::ed25519(), PlatformKey::p384()] {
            let body = json!({ "name": format!("Platform {}", key.algorithm), "public_key": key.jwk.to_string() });
            let platform = send(&server, &token, Method::POST, &format!("{user}/platforms"), body).await.json();
            let id = text(&platform, "id");
            let ask = async |server: &Server, assertion: &str| {
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                let body = json!({ "grant_type": "client_credentials", "client_assertion_type": kind, "client_assertion": assertion });
                Answer::to(server.anonymous(Method::POST, "/oauth/token").json(&body)).await
            };
            let now = clock::now().unix_seconds();
            let claims = || json!({
                "iss": id, "sub": id, "aud": server.url("/oauth/token"), "exp": now + 240, "jti": Uuid::new_v4(),
            });
            let good = key.sign(&claims());
            let granted = ask(&server, &good).await;
            assert_eq!(granted.status, 200, "{}", granted.body);
            assert!((290..=300).contains(&granted.json()["expires_in"].as_i64().unwrap()), "five minutes");
            for server in [&server, &other] {
                let replayed = ask(server, &good).await;
                assert_eq!((replayed.status, &replayed.json()["error"]), (401, &json!("invalid_client")), "{}", replayed.body);
            }
            // It acts for its platform alone, on every server.
            let access = text(&granted.json(), "access_token");
            for server in [&server, &other] {
                assert_eq!(status(server, &access).await.1["platform"]["id"], id);
                let path = text(&platform, "path");
                assert_eq!(send(server, &access, Method::GET, &path, json!({})).await.status, 200);
                assert_eq!(send(server, &access, Method::GET, &format!("{path}/instances"), json!({})).await.status, 200);
                assert_eq!(send(server, &access, Method::PUT, &path, json!({ "name": "Mine" })).await.status, 403);
                assert_eq!(send(server, &access, Method::GET, &user, json!({})).await.status, 404);
                assert_eq!(send(server, &access, Method::POST, "/products", json!({ "name": "P" })).await.status, 403);
                let seen = send(server, &access, Method::GET, "/platforms", json!({})).await.json();
                assert_eq!(column(&seen, "id"), [json!(id)]);
            }
            let changed = |change: fn(&mut Value)| {
                let mut claims = claims();
                change(&mut claims);
                claims
            };
            for (what, claims) in [
                ("another audience", changed(|claims| claims["aud"] = json!("https://another.example.org"))),
                ("no audience", changed(|claims| claims["aud"] = Value::Null)),
                ("expired", changed(|claims| claims["exp"] = json!(claims["exp"].as_i64().unwrap() - 400))),
                ("for too long", changed(|claims| claims["exp"] = json!(claims["exp"].as_i64().unwrap() + 400))),
                ("another issuer", changed(|claims| claims["iss"] = json!(Uuid::new_v4()))),
                ("an unknown platform", changed(|claims| claims["sub"] = json!(Uuid::new_v4()))),
                ("no id", changed(|claims| claims["jti"] = json!(""))),
                ("not yet", changed(|claims| claims["nbf"] = json!(claims["exp"].as_i64().unwrap() + 400))),
            ] {
                let refused = ask(&server, &key.sign(&claims)).await;
                assert_eq!((refused.status, &refused.json()["error"]), (401, &json!("invalid_client")), "{what}: {}", refused.body);
            }
            let another = if key.algorithm == "EdDSA" { PlatformKey::ed25519() } else { PlatformKey::p384() };
            for (what, assertion) in [
                ("another key", another.sign(&claims())),
                ("no signature", format!("{}.", key.sign(&claims()).rsplit_once('.').unwrap().0)),
                ("garbage", "garbage".to_owned()),
                ("nothing", String::new()),
            ] {
                assert_eq!(ask(&server, &assertion).await.status, 401, "{what}");
            }
            // Another key ends what the old one opened; so does the platform's end.
            tokio::time::sleep(Duration::from_millis(1100)).await;
            let path = text(&platform, "path");
            send(&server, &token, Method::PUT, &path, json!({ "public_key": another.jwk.to_string() })).await;
            assert_eq!(status(&server, &access).await.0, 401);
            let access = text(&ask(&server, &another.sign(&claims())).await.json(), "access_token");
            send(&server, &token, Method::DELETE, &path, json!({})).await;
            assert_eq!(status(&server, &access).await.0, 401);
        }
    }

    async fn what_is_revoked_on_one_server_ends_on_the_other(database: Database) {
        let (one, two) = (Server::start(&database).await, Server::start(&database).await);
        let (user, path, token) = user_with_token(&one, "Robot", json!([])).await;
        let role = json!({ "name": "Readers", "permissions": { "users": { "read": true } } });
        let role = text(&one.create("/roles", role).await, "path");
        let appointment = json!({ "entity_type": "User", "entity_id": user.rsplit('/').next() });
        let appointment = text(&one.create(&format!("{role}/appointments"), appointment).await, "path");
        let sees = async |server: &Server| send(server, &token, Method::GET, "/users?per_page=1", json!({})).await;
        // Both know the token by now.
        wait(async || sees(&two).await.json()["total_entries"].as_i64() > Some(1)).await;
        // On SQLite another process is heard of by looking, once a second.
        one.send(Method::DELETE, &appointment, json!({})).await;
        wait(async || sees(&two).await.json()["total_entries"] == 1).await;
        one.send(Method::DELETE, &path, json!({})).await;
        wait(async || sees(&two).await.status == 401).await;
        assert_eq!(sees(&one).await.status, 401);
    }

    async fn the_last_administrator_stays(database: Database) {
        let server = Server::start(&database).await;
        let (boss, _, token) = user_with_token(&server, "Boss", json!([])).await;
        let roles = server.get("/roles?name=administrator").await;
        let role = text(&roles["results"][0], "path");
        let body = json!({ "entity_type": "User", "entity_id": boss.rsplit('/').next() });
        let appointment = text(&server.create(&format!("{role}/appointments"), body).await, "path");
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert_eq!(status(&server, ADMIN_TOKEN).await.0, 401, "the first administrator's token has ended");
        let act = async |method: Method, path: &str, body: Value| send(&server, &token, method, path, body).await;
        let none = json!({ "permissions": {} });
        for (method, path, body) in
            [(Method::DELETE, &appointment, json!({})), (Method::DELETE, &role, json!({})), (Method::PUT, &role, none)]
        {
            let refused = act(method, path, body).await;
            assert_eq!((refused.status, refused.body.contains("nobody who can sign in")), (409, true), "{path}: {}", refused.body);
        }
        assert_eq!(act(Method::DELETE, &boss, json!({})).await.status, 409, "nobody deletes oneself");
        // With another, by a group, the first may go.
        let made = |answer: Answer| text(&answer.json(), "path");
        let deputy = act(Method::POST, "/users", json!({ "name": "Deputy" })).await.json();
        let group = made(act(Method::POST, "/groups", json!({ "name": "Deputies" })).await);
        act(Method::POST, &format!("{group}/members"), json!({ "user_id": deputy["id"] })).await;
        let body = json!({ "entity_type": "Group", "entity_id": group.rsplit('/').next() });
        act(Method::POST, &format!("{role}/appointments"), body).await;
        assert_eq!(act(Method::DELETE, &appointment, json!({})).await.status, 409, "who can't sign in does not count");
        let body = json!({ "name": "deputy", "expires_at": "2999-01-01" });
        let deputys = act(Method::POST, &format!("{}/tokens", text(&deputy, "path")), body).await.json();
        assert_eq!(act(Method::DELETE, &appointment, json!({})).await.status, 200);
        assert_eq!(act(Method::GET, &boss, json!({})).await.status, 200);
        assert_eq!(act(Method::GET, &group, json!({})).await.status, 404, "an administrator no more");
        let deputy = text(&deputys, "token");
        for path in [&group, &format!("{group}/members/{}", column(&send(&server, &deputy, Method::GET, &format!("{group}/members"), json!({})).await.json(), "id")[0].as_str().unwrap())] {
            assert_eq!(send(&server, &deputy, Method::DELETE, path, json!({})).await.status, 409, "{path}");
        }
    }

    async fn the_audit_log_tells_who_did_what(database: Database) {
        let server = Server::start(&database).await;
        let (user, _, token) = user_with_token(&server, "Vendor", json!([])).await;
        let product = server.create("/products", json!({ "name": "Audited", "user_id": user.rsplit('/').next() })).await;
        let path = text(&product, "path");
        send(&server, &token, Method::PUT, &path, json!({ "description": "Changed." })).await;
        server.send(Method::POST, &format!("{path}/publish"), json!({})).await;
        assert_eq!(send(&server, &token, Method::POST, &format!("{path}/publish"), json!({})).await.status, 403);
        let role = server.create("/roles", json!({ "name": "Badgers", "permissions": { "badges": { "create": true } } })).await;
        server.send(Method::PUT, &text(&role, "path"), json!({ "permissions": { "badges": { "update": true } } })).await;
        server.send(Method::DELETE, &text(&role, "path"), json!({})).await;
        let of = async |id: &Value| server.get(&format!("/audit_events?resource_id={}", id.as_str().unwrap())).await;

        let log = of(&product["id"]).await;
        assert_eq!(column(&log, "action"), ["create", "update", "update"], "what failed is none: {log}");
        let vendor = user.rsplit('/').next().unwrap();
        assert_eq!((&log["results"][1]["user_id"], &log["results"][1]["address"]), (&json!(vendor), &json!("127.0.0.1")));
        assert_eq!(log["results"][1]["before"], Value::Null, "a description bears on nobody's rights");
        assert_eq!(log["results"][2]["before"]["published_at"], Value::Null);
        assert!(log["results"][2]["after"]["published_at"].is_string());
        let log = of(&role["id"]).await;
        assert_eq!(column(&log, "action"), ["create", "update", "delete"]);
        let (before, after) = (&log["results"][1]["before"]["permissions"], &log["results"][1]["after"]["permissions"]);
        assert_eq!([&before["badges"]["create"], &after["badges"]["create"], &after["badges"]["update"]], [&json!(true), &json!(false), &json!(true)]);
        let tokens = server.get("/audit_events?resource_type=token").await;
        assert_eq!((column(&tokens, "action"), tokens.to_string().contains(&token)), (vec![json!("create")], false));
        // It is for those who may, and nobody changes it.
        for (period, all) in [("since=2020-01-01", true), ("until=2020-01-01T00:00:00Z", false), ("since=2020-01-01&until=2999-01-01", true)] {
            let page = server.get(&format!("/audit_events?resource_type=token&{period}")).await;
            assert_eq!(page["total_entries"], if all { tokens["total_entries"].clone() } else { json!(0) }, "{period}");
        }
        assert_eq!(Answer::to(server.request(Method::GET, "/audit_events?since=soon")).await.status, 400);
        let stranger = Answer::to(server.anonymous(Method::GET, "/audit_events")).await;
        assert_eq!(stranger.json()["total_entries"], 0);
        assert_eq!(send(&server, &token, Method::GET, "/audit_events", json!({})).await.json()["total_entries"], 0);
        let entry = format!("/audit_events/{}", text(&tokens["results"][0], "id"));
        for method in [Method::PUT, Method::DELETE, Method::PATCH] {
            assert_eq!(server.send(method, &entry, json!({ "action": "none" })).await.0, StatusCode::METHOD_NOT_ALLOWED);
        }
        let auditor = json!({ "name": "Audit", "permissions": { "audit": { "read": true } } });
        let auditor = text(&server.create("/roles", auditor).await, "path");
        let body = json!({ "entity_type": "User", "entity_id": vendor });
        server.create(&format!("{auditor}/appointments"), body).await;
        assert_eq!(send(&server, &token, Method::GET, &entry, json!({})).await.status, 200);
    }

    async fn the_last_use_of_a_token_is_noted_at_leisure(database: Database) {
        let server = Server::start(&database).await;
        let (_, path, token) = user_with_token(&server, "Robot", json!([])).await;
        for _ in 0..20 {
            assert_eq!(status(&server, &token).await.0, 200);
        }
        assert_eq!(server.get(&path).await["last_used_at"], Value::Null, "no write for each request");
        server.terminate();
        assert_eq!(server.ended().await, Some(0));
        let server = Server::start(&database).await;
        assert!(server.get(&path).await["last_used_at"].is_string());
    }

    async fn a_token_that_is_known_costs_no_query(database: Database) {
        let logging = ["--log", "info,sqlx::query=debug", "--log-format", "json"];
        let server = Server::start_with(&database, &logging, &[]).await;
        let (_, _, token) = user_with_token(&server, "Reader", json!([])).await;
        let looked_up = || {
            let log = server.log();
            ["from tokens where secret", "appointments.user_id ="].map(|part| log.matches(part).count())
        };
        let before = looked_up();
        for page in 1..=20 {
            let path = format!("/products?per_page={page}");
            assert_eq!(send(&server, &token, Method::GET, &path, json!({})).await.status, 200);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let after = looked_up();
        // One statement may be logged in several fields of a line.
        let [per_token, per_roles] = [after[0] - before[0], after[1] - before[1]];
        assert!((1..=2).contains(&per_token) && (1..=2).contains(&per_roles), "{per_token} {per_roles}");
    }

    async fn owners_publish_where_the_operator_lets_them(database: Database) {
        let server = Server::start_with(&database, &["--self-publishing", "true"], &[]).await;
        let (_, _, token) = user_with_token(&server, "Vendor", json!([])).await;
        let (_, _, another) = user_with_token(&server, "Another", json!([])).await;
        let act = async |token: &str, method: Method, path: &str, body: Value| send(&server, token, method, path, body).await;
        let product = json!({ "name": "Own", "user_id": status(&server, &token).await.1["identity"]["user_id"] });
        let product = text(&server.create("/products", product).await, "path");
        let build = text(&act(&token, Method::POST, &format!("{product}/builds"), json!({ "version": "1" })).await.json(), "path");
        assert_eq!(act(&another, Method::POST, &format!("{product}/publish"), json!({})).await.status, 404);
        for path in [&build, &product] {
            let published = act(&token, Method::POST, &format!("{path}/publish"), json!({})).await;
            assert_eq!(published.status, 200, "{path}: {}", published.body);
        }
        assert_eq!(act(&another, Method::POST, &format!("{product}/unpublish"), json!({})).await.status, 403);
        assert_eq!(act(&another, Method::GET, &build, json!({})).await.status, 200);
    }
}

/// Waits until something holds, as every server has to hear of it within a moment.
async fn wait(holds: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(5), "it does not come to hold");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// What makes signatures.
type Sign = dyn Fn(&[u8]) -> Vec<u8> + Send + Sync;

/// What a platform's agent signs with.
struct PlatformKey {
    algorithm: &'static str,
    jwk: Value,
    sign: Box<Sign>,
}

impl PlatformKey {
    fn ed25519() -> Self {
        let pair =
            Ed25519KeyPair::from_pkcs8(Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap().as_ref()).unwrap();
        let x = BASE64_URL_SAFE_NO_PAD.encode(pair.public_key());
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
        Self { algorithm: "EdDSA", jwk, sign: Box::new(move |message| pair.sign(message).as_ref().to_vec()) }
    }

    fn p384() -> Self {
        let (kind, random) = (&ECDSA_P384_SHA384_FIXED_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(kind, document.as_ref(), &random).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(48);
        let [x, y] = [x, y].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        let jwk = json!({ "kty": "EC", "crv": "P-384", "x": x, "y": y });
        Self {
            algorithm: "ES384",
            jwk,
            sign: Box::new(move |message| pair.sign(&random, message).unwrap().as_ref().to_vec()),
        }
    }

    fn sign(&self, claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&json!({ "alg": self.algorithm, "typ": "JWT" })), part(claims));
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode((self.sign)(message.as_bytes())))
    }
}
