//! What is decided when a product asks, and what is written of it.

use std::collections::HashSet;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use mkt::core::db::{Db, Wait};
use mkt::core::licensing::Claimant;
use mkt::core::secret::Secret;
use mkt::core::{clock, signing};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::core::{Core, at, granted, later};
use super::market::{Market, User, of_user};
use crate::support::{Database, SECRET_KEY, on_both};

on_both! {
    async fn a_right_is_used_and_counted(database: Database) {
        let market = Market::open(&database).await;
        let user = market.user("Ann").await;
        let (product, entitlement, claim) = market.right(&user, json!({ "uses": 3 })).await;
        let path = of_user(&user, &product);
        let claim_path = format!("/entitlements/{entitlement}/claims/{claim}");
        for count in 1..=3 {
            // To look is not to use, and leaves the claim as it is.
            let before = market.server.get(&claim_path).await;
            let (status, seen) = market.ask(&user, Method::GET, &path).await;
            assert_eq!((status, &seen["remaining_uses"], &seen["outcome"]), (200, &json!(4 - count), &json!("granted")), "{seen}");
            for field in before.as_object().unwrap().keys() {
                assert_eq!(seen[field], before[field], "{field}");
            }
            assert!(seen.get("attempt_id").is_none() && seen.get("receipt").is_none(), "{seen}");

            let (status, granted) = market.authorize(&user, &product).await;
            assert_eq!((status, &granted["authorization_count"]), (200, &json!(count)), "{granted}");
            let told = ["remaining_uses", "id", "entitlement_id", "state", "conclusive", "quantity", "product_id", "valid_until"];
            let expected = json!([3 - count, claim, entitlement, "active", false, 1, product, null]);
            assert_eq!(json!(told.map(|field| &granted[field])), expected, "{granted}");
            let after = market.server.get(&claim_path).await;
            for field in after.as_object().unwrap().keys() {
                assert_eq!(granted[field], after[field], "{field}");
            }
            let attempt = market.server.get(&format!("/attempts/{}", granted["attempt_id"].as_str().unwrap())).await;
            let told = ["outcome", "reason", "product_id", "claimant_type", "claimant_id", "claim_id", "entitlement_id", "quantity", "created_at"];
            let expected = json!(["granted", null, product, "User", user.id, claim, entitlement, 1, granted["evaluated_at"]]);
            assert_eq!(json!(told.map(|field| &attempt[field])), expected, "{attempt}");
        }
        assert_eq!(market.attempts(None).await, 3);
        for method in [Method::GET, Method::PUT] {
            let (status, refused) = market.ask(&user, method.clone(), &path).await;
            assert_eq!((status, &refused["reason"], &refused["status"]), (422, &json!("uses_exhausted"), &json!(422)), "{refused}");
            assert_eq!(refused.get("attempt_id").is_some(), method == Method::PUT);
        }
        assert_eq!((market.attempts(None).await, market.attempts(Some("refused")).await), (4, 1));
        assert_eq!(market.count(&format!("/entitlements/{entitlement}")).await, 3);
    }

    async fn each_refusal_says_why(database: Database) {
        let market = Market::open(&database).await;
        let user = market.user("Ann").await;
        let day = json!({ "expiry": "relative_date", "days_valid": 1, "grace_days": 1 });
        for (terms, valid_from, reason, state, conclusive, says, instants) in [
            (None, "", "no_claim", Value::Null, true, "no claim", json!([null, null])),
            (Some(json!({})), "2999-01-01", "not_yet_valid", Value::Null, false, "2999-01-01T00:00:00.000Z", json!(["2999-01-01T00:00:00.000Z", null])),
            (Some(day.clone()), "2020-01-01", "expired", json!("expired"), true, "ended at 2020-01-03", json!([null, "2020-01-03T00:00:00.000Z"])),
            (Some(json!({ "uses": 1 })), "2020-01-01", "uses_exhausted", Value::Null, true, "not so many uses", json!([null, null])),
        ] {
            let product = market.product(reason).await;
            if let Some(terms) = terms {
                let offer = market.offer(&product, terms).await;
                let entitlement = market.entitlement(&user, &offer, valid_from).await;
                market.claim(&entitlement, "User", &user.id).await;
            }
            let (status, refused) = market.ask(&user, Method::PUT, &format!("{}?quantity=2", of_user(&user, &product))).await;
            assert_eq!((status, &refused["reason"]), (422, &json!(reason)), "{refused}");
            let told = json!([refused["state"], refused["conclusive"], refused["quantity"], refused["claimant_id"], refused["claimant_type"], refused["product_id"]]);
            assert_eq!(told, json!([state, conclusive, 2, user.id, "User", product]), "{refused}");
            assert!(refused["message"].as_str().unwrap().contains(says), "{refused}");
            assert_eq!(json!([refused["valid_from"], refused["ended_at"]]), instants);
            let attempt = market.server.get(&format!("/attempts/{}", refused["attempt_id"].as_str().unwrap())).await;
            assert_eq!(json!([attempt["outcome"], attempt["reason"], attempt["claim_id"], attempt["quantity"]]), json!(["refused", reason, null, 2]));
        }
        // With one used up and another to come, to ask again is of use.
        let (product, ..) = market.right(&user, json!({ "uses": 1 })).await;
        let offer = market.offer(&product, json!({})).await;
        let entitlement = market.entitlement(&user, &offer, "2999-01-01").await;
        market.claim(&entitlement, "User", &user.id).await;
        let (_, refused) = market.ask(&user, Method::GET, &format!("{}?quantity=2", of_user(&user, &product))).await;
        assert_eq!(json!([refused["reason"], refused["conclusive"], refused["valid_from"]]), json!(["uses_exhausted", false, "2999-01-01T00:00:00.000Z"]));
    }

    async fn who_may_ask_for_whom(database: Database) {
        let market = Market::open(&database).await;
        let [ann, bob, clerk, reader] = ["Ann", "Bob", "Clerk", "Reader"].map(|name| market.user(name));
        let (ann, bob, clerk, reader) = (ann.await, bob.await, clerk.await, reader.await);
        market.appoint(&clerk, json!({ "products": { "authorize": true } })).await;
        market.appoint(&reader, json!({ "users": { "read": true }, "groups": { "read": true } })).await;
        let group = market.id("/groups", json!({ "name": "Ward" })).await;
        market.id(&format!("/groups/{group}/members"), json!({ "user_id": ann.id })).await;
        let (product, entitlement, _) = market.right(&ann, json!({})).await;
        market.claim(&entitlement, "Group", &group).await;
        let draft = market.id("/products", json!({ "name": "Draft" })).await;
        let nobody = User { id: String::new(), token: String::new() };
        let (platform, foreign) = (market.platform(&ann).await, market.platform(&bob).await);
        let [all, narrow, other] = [json!(["products.authorize"]), json!(["products.read", "users.*"]), json!(["*.read"])]
            .map(|scopes| market.token(&ann, scopes));
        let (all, narrow, other) = (all.await, narrow.await, other.await);
        let clerk_of_nothing = market.token(&clerk, json!(["attempts.read"])).await;

        let callers = [&ann, &bob, &clerk, &reader, &platform, &foreign, &all, &narrow, &other, &clerk_of_nothing, &nobody];
        let made_up = Uuid::new_v4().to_string();
        // Of those callers in their order, over both methods.
        let table: &[(String, [u16; 11])] = &[
            (format!("users/{}/products/{product}", ann.id), [200, 404, 200, 403, 200, 404, 200, 403, 403, 403, 401]),
            (format!("groups/{group}/products/{product}"), [200, 404, 200, 403, 404, 404, 200, 403, 403, 403, 401]),
            (format!("products/{product}"), [403, 403, 200, 403, 403, 403, 403, 403, 403, 403, 401]),
            (format!("users/{made_up}/products/{product}"), [404, 404, 404, 404, 404, 404, 404, 403, 403, 403, 401]),
            (format!("groups/{made_up}/products/{product}"), [404, 404, 404, 404, 404, 404, 404, 403, 403, 403, 401]),
            (format!("users/{}/products/{made_up}", ann.id), [404, 404, 404, 404, 404, 404, 404, 403, 403, 403, 401]),
            (format!("users/{}/products/{draft}", ann.id), [404, 404, 404, 404, 404, 404, 404, 403, 403, 403, 401]),
            (format!("groups/{group}/products/{draft}"), [404, 404, 404, 404, 404, 404, 404, 403, 403, 403, 401]),
            (format!("products/{made_up}"), [403, 403, 404, 403, 403, 403, 403, 403, 403, 403, 401]),
            (format!("products/{draft}"), [403, 403, 404, 403, 403, 403, 403, 403, 403, 403, 401]),
        ];
        let mut written = 0;
        for (path, expected) in table {
            for (index, (caller, expected)) in callers.iter().zip(expected).enumerate() {
                for method in [Method::GET, Method::PUT] {
                    let (status, answer) = market.send(caller, method.clone(), &format!("/authorizations/{path}"), None, None).await;
                    assert_eq!(status, *expected, "caller {index}, {method} {path}: {answer}");
                    written += u64::from(status == 200 && method == Method::PUT);
                }
            }
        }
        assert_eq!(market.attempts(None).await, written, "what is not decided is not written");
        assert_eq!(market.attempts(Some("granted")).await, written);

        // What is hidden and what does not exist are alike, for whoever may ask and for whoever may not.
        for caller in callers {
            for method in [Method::GET, Method::PUT] {
                let ask = async |path: String| market.send(caller, method.clone(), &format!("/authorizations/{path}"), None, None).await;
                assert_eq!(ask(format!("users/{}/products/{draft}", ann.id)).await, ask(format!("users/{}/products/{made_up}", ann.id)).await);
                assert_eq!(ask(format!("products/{draft}")).await, ask(format!("products/{made_up}")).await);
            }
        }
        for (hidden, made_up) in [("users", &ann.id), ("groups", &group)].map(|(kind, id)| (format!("{kind}/{id}"), format!("{kind}/{made_up}"))) {
            for product in [&product, &draft, &Uuid::new_v4().to_string()] {
                let ask = async |party: &str| market.send(&bob, Method::PUT, &format!("/authorizations/{party}/products/{product}"), None, None).await;
                assert_eq!(ask(&hidden).await, ask(&made_up).await);
            }
        }
        assert_eq!(market.attempts(None).await, written);

        // By permission no claim counts; the caller is recorded.
        let (_, answer) = market.ask(&clerk, Method::PUT, &format!("/authorizations/products/{product}?quantity=3")).await;
        assert!(answer.get("id").is_none() && answer["conclusive"] == true && answer["remaining_uses"].is_null(), "{answer}");
        let attempt = market.server.get(&format!("/attempts/{}", answer["attempt_id"].as_str().unwrap())).await;
        assert_eq!(json!([attempt["claimant_id"], attempt["claimant_type"], attempt["claim_id"], attempt["quantity"]]), json!([clerk.id, "User", null, 3]));
        // Who leaves the group asks for it no longer, nor by it.
        let member = market.server.get(&format!("/groups/{group}/members")).await["results"][0]["path"].clone();
        market.server.send(Method::DELETE, member.as_str().unwrap(), json!({})).await;
        assert_eq!(market.ask(&ann, Method::PUT, &format!("/authorizations/groups/{group}/products/{product}")).await.0, 404);
        // A receipt is no credential.
        let receipt = User { id: ann.id.clone(), token: answer["receipt"].as_str().unwrap().to_owned() };
        assert_eq!(market.ask(&receipt, Method::GET, &of_user(&ann, &product)).await.0, 401);
    }

    async fn the_choice_of_claim_is_settled(database: Database) {
        let core = Core::open(&database).await;
        let now = at("2024-06-15T12:00:00Z");
        let (user, group) = (core.user(now).await, core.group(now).await);
        core.member(now, group, user).await;
        let (own, shared) = (Claimant::User(user.into()), Claimant::Group(group.into()));
        let until = |days: i64, uses: i64| json!({
            "expiry": "absolute_date", "expires_at": later(now, days * 86_400_000), "grace_days": 30, "uses": uses,
        });
        // Each is preferred to the next: terms, claimant, when it was made.
        let ladder = [
            (until(1, 1), own, 0),
            (until(2, 1), own, 0),
            (until(3, 1), own, 1),
            (until(3, 1), own, 2),
            (json!({ "uses": 1 }), own, 0),
            (until(1, 1), shared, 0),
            (json!({ "uses": 1 }), shared, 0),
            (until(-2, 1), own, 0),
            (until(-1, 1), own, 0),
            (until(0, 1), shared, 0),
        ];
        let product = core.product(now).await;
        let mut claims = Vec::new();
        // The last is made first, but for where it is the order of making that counts.
        for (terms, claimant, made) in ladder.iter().rev() {
            let license = core.license(now, terms.clone()).await;
            let offer = core.offer(now, product, license).await;
            let entitlement = core.entitlement(now, user, offer, at("2020-01-01")).await;
            claims.push(core.claim(later(now, made - 10), entitlement, *claimant).await);
        }
        for (place, claim) in claims.iter().rev().enumerate() {
            for decision in [core.check(now, own, product, 1).await, core.ask(now, own, product, 1).await] {
                assert_eq!(granted(&decision).claim.as_ref().unwrap().record.id.uuid(), *claim, "rung {place}");
            }
        }
        // Of those that end together, the least used; of those the oldest.
        let product = core.product(now).await;
        let license = core.license(now, json!({})).await;
        let offer = core.offer(now, product, license).await;
        let mut claims = Vec::new();
        for made in [2, 0, 1] {
            let entitlement = core.entitlement(now, user, offer, at("2020-01-01")).await;
            claims.push((made, core.claim(later(now, made), entitlement, own).await));
        }
        claims.sort_unstable();
        for (quantity, expected) in [(5, 0), (1, 1), (3, 2), (1, 1), (1, 1), (1, 1), (1, 2), (9, 1), (2, 2), (1, 0)] {
            let decision = core.ask(now, own, product, quantity).await;
            assert_eq!(granted(&decision).claim.as_ref().unwrap().record.id.uuid(), claims[expected].1, "{quantity}");
        }
    }

    async fn quantities_are_taken_whole(database: Database) {
        let market = Market::open(&database).await;
        let user = market.user("Ann").await;
        let (product, entitlement, _) = market.right(&user, json!({ "uses": 10 })).await;
        let ask = async |query: &str| market.ask(&user, Method::PUT, &format!("{}{query}", of_user(&user, &product))).await;
        for bad in ["0", "-1", "many", "1000000000000", "2147483648", "1.5", "", "1&quantity=2", "%ff", "9223372036854775808"] {
            let (status, answer) = ask(&format!("?quantity={bad}")).await;
            assert_eq!(status, 400, "{bad}: {answer}");
            assert!(answer["message"].as_str().unwrap().contains("from 1 to 2147483647"), "{answer}");
        }
        assert_eq!(market.attempts(None).await, 0);
        for (query, status, left) in [("", 200, 9), ("?quantity=11", 422, 9), ("?quantity=2147483647", 422, 9), ("?quantity=7", 200, 2), ("?quantity=3", 422, 2), ("?quantity=2", 200, 0), ("", 422, 0)] {
            let (found, answer) = ask(query).await;
            assert_eq!(found, status, "{query}: {answer}");
            if status == 200 {
                assert_eq!(answer["remaining_uses"], left, "{query}");
            }
        }
        assert_eq!(market.count(&format!("/entitlements/{entitlement}")).await, 10);
        // Without a limit there is none.
        let (product, ..) = market.right(&user, json!({})).await;
        for count in 1..=3u64 {
            let (_, answer) = market.ask(&user, Method::PUT, &format!("{}?quantity=2147483647", of_user(&user, &product))).await;
            assert_eq!(answer["authorization_count"], count * 2_147_483_647, "{answer}");
        }
    }

    async fn a_batch_decides_each_for_itself(database: Database) {
        let market = Market::open(&database).await;
        let (ann, bob, reader) = (market.user("Ann").await, market.user("Bob").await, market.user("Reader").await);
        market.appoint(&ann, json!({ "users": { "read": true } })).await;
        let group = market.id("/groups", json!({ "name": "Ward" })).await;
        market.id(&format!("/groups/{group}/members"), json!({ "user_id": ann.id })).await;
        let (product, entitlement, _) = market.right(&ann, json!({ "uses": 5 })).await;
        market.claim(&entitlement, "Group", &group).await;
        let made_up = Uuid::new_v4();
        let items = json!([
            { "product_id": product, "user_id": ann.id, "quantity": 2 },
            { "product_id": product, "user_id": ann.id, "quantity": 2 },
            { "product_id": product, "user_id": ann.id, "quantity": 2 },
            { "product_id": product, "group_id": group, "quantity": "1" },
            { "product_id": product, "group_id": group },
            { "product_id": product, "user_id": reader.id },
            { "product_id": made_up, "user_id": ann.id },
            { "product_id": product, "user_id": made_up },
            { "product_id": product },
        ]);
        let body = json!({ "authorizations": items });
        let post = async |user: &User, key: Option<&str>, body: &Value| {
            let (status, text) = market.send(user, Method::POST, "/authorizations/batch", key, Some(body)).await;
            (status, serde_json::from_str::<Value>(&text).unwrap(), text)
        };
        let (status, answer, first) = post(&ann, Some("b"), &body).await;
        assert_eq!(status, 200, "{answer}");
        let statuses: Vec<_> = answer["results"].as_array().unwrap().iter().map(|result| result["status"].as_u64().unwrap()).collect();
        assert_eq!(statuses, [200, 200, 422, 200, 422, 403, 404, 404, 403], "{answer}");
        let left: Vec<_> = answer["results"].as_array().unwrap().iter().filter_map(|result| result["remaining_uses"].as_u64()).collect();
        assert_eq!(left, [3, 1, 0]);
        assert!(answer["results"].as_array().unwrap().iter().all(|result| result["status"] == 200 || result["message"].is_string()));
        assert_eq!((market.attempts(Some("granted")).await, market.attempts(Some("refused")).await), (3, 2));
        // Repeated, it is answered alike and does nothing; under another key, or by another, it is another.
        assert_eq!(post(&ann, Some("b"), &body).await.2, first);
        assert_eq!(post(&ann, Some("b"), &json!({ "authorizations": [] })).await.0, 422);
        assert_eq!(market.attempts(None).await, 5);
        let others: Vec<_> = post(&bob, Some("b"), &body).await.1["results"].as_array().unwrap().iter().map(|result| result["status"].as_u64().unwrap()).collect();
        assert_eq!(others, [404, 404, 404, 404, 404, 404, 404, 404, 403]);
        assert_eq!(market.attempts(None).await, 5);
        assert_eq!(market.count(&format!("/entitlements/{entitlement}")).await, 5);

        let item = json!({ "product_id": product, "user_id": ann.id });
        for (body, status, says) in [
            (json!({}), 422, "authorizations"),
            (json!({ "authorizations": "all" }), 422, "authorizations"),
            (json!({ "authorizations": {} }), 422, "authorizations"),
            (json!({ "authorizations": ["x", {}] }), 422, "authorizations.1.product_id"),
            (json!({ "authorizations": [item, { "product_id": "x" }] }), 422, "authorizations.1.product_id"),
            (json!({ "authorizations": [{ "product_id": product, "user_id": ann.id, "group_id": group }] }), 422, "authorizations.0.group_id"),
            (json!({ "authorizations": [{ "product_id": product, "quantity": 0 }] }), 422, "authorizations.0.quantity"),
            (json!({ "authorizations": [{ "product_id": product, "quantity": 1_000_000_000_000i64 }] }), 422, "authorizations.0.quantity"),
            (json!({ "authorizations": [{ "product_id": product, "quantity": -1 }] }), 422, "authorizations.0.quantity"),
            (json!({ "authorizations": vec![&item; 101] }), 400, "100"),
        ] {
            let (found, answer, _) = post(&ann, None, &body).await;
            assert_eq!(found, status, "{answer}");
            assert!(answer.to_string().contains(says), "{says}: {answer}");
        }
        assert_eq!(market.attempts(None).await, 5);
        let (status, answer, _) = post(&ann, None, &json!({ "batch": { "authorizations": vec![&item; 100] } })).await;
        assert_eq!((status, answer["results"].as_array().unwrap().len()), (200, 100));
        assert_eq!(post(&ann, None, &json!({ "authorizations": [] })).await.1, json!({ "results": [] }));
        let nobody = User { id: String::new(), token: String::new() };
        assert_eq!(post(&nobody, None, &body).await.0, 401);
    }

    async fn a_repeat_is_answered_as_the_first_time(database: Database) {
        let market = Market::open(&database).await;
        let (ann, clerk) = (market.user("Ann").await, market.user("Clerk").await);
        market.appoint(&clerk, json!({ "products": { "authorize": true } })).await;
        let (product, entitlement, claim) = market.right(&ann, json!({ "uses": 4 })).await;
        let put = async |user: &User, key: &str, query: &str| {
            market.send(user, Method::PUT, &format!("{}{query}", of_user(&ann, &product)), Some(key), None).await
        };
        let first = put(&ann, "k", "?quantity=2").await;
        assert_eq!(first.0, 200, "{}", first.1);
        assert_eq!(put(&ann, "k", "?quantity=2").await, first);
        assert_eq!(market.count(&format!("/entitlements/{entitlement}")).await, 2);
        assert_eq!(put(&ann, "k", "?quantity=1").await.0, 422);
        assert_eq!(put(&ann, "k", "").await.0, 422);
        // Another caller's same key, and the same key of another product, are other keys.
        let other = put(&clerk, "k", "?quantity=2").await;
        assert!(other.0 == 200 && other != first, "{}", other.1);
        assert_eq!(put(&clerk, "k", "?quantity=2").await, other);
        assert_eq!(market.count(&format!("/entitlements/{entitlement}/claims/{claim}")).await, 4);
        // A refusal stays one, whatever is acquired since; a new key asks anew.
        let refused = put(&ann, "r", "").await;
        assert_eq!(refused.0, 422, "{}", refused.1);
        let offer = market.offer(&product, json!({})).await;
        let more = market.entitlement(&ann, &offer, "2020-01-01").await;
        market.claim(&more, "User", &ann.id).await;
        assert_eq!(put(&ann, "r", "").await, refused);
        assert_eq!(put(&ann, "r2", "").await.0, 200);
        assert_eq!((market.attempts(Some("granted")).await, market.attempts(Some("refused")).await), (3, 1));
        // What was not decided is not kept.
        let draft = market.id("/products", json!({ "name": "Draft" })).await;
        let path = of_user(&ann, &draft);
        assert_eq!(market.send(&ann, Method::PUT, &path, Some("d"), None).await.0, 404);
        market.server.send(Method::POST, &format!("/products/{draft}/publish"), json!({})).await;
        assert_eq!(market.send(&ann, Method::PUT, &path, Some("d"), None).await.0, 422);
        for bad in ["", &"k".repeat(256)] {
            assert_eq!(put(&ann, bad, "").await.0, 400);
        }
        // Many at once under one key count once.
        let (product, entitlement, _) = market.right(&ann, json!({})).await;
        let path = of_user(&ann, &product);
        let answers = futures_util::future::join_all((0..16).map(|_| market.send(&ann, Method::PUT, &path, Some("m"), None))).await;
        let different: HashSet<_> = answers.into_iter().collect();
        assert_eq!(different.len(), 1, "{different:?}");
        assert_eq!(market.count(&format!("/entitlements/{entitlement}")).await, 1);
        // A change under a key that a creation has leaves the creation's answer as it is.
        let named = |name: &str| json!({ "name": name });
        let keyed = async |method: Method, body: Value| {
            let request = market.server.request(method, "/groups").header("idempotency-key", "g").json(&body);
            request.send().await.unwrap().text().await.unwrap()
        };
        let made = keyed(Method::POST, named("Ward")).await;
        let id = serde_json::from_str::<Value>(&made).unwrap()["id"].clone();
        keyed(Method::PUT, json!({ "id": id, "name": "Clinic" })).await;
        assert_eq!(keyed(Method::POST, named("Ward")).await, made);
    }

    async fn receipts_state_what_was_granted(database: Database) {
        let market = Market::open(&database).await;
        // Has the library check by the cryptography that is here.
        let _ = signing::Keys::default();
        let user = market.user("Ann").await;
        let group = market.id("/groups", json!({ "name": "Ward" })).await;
        market.id(&format!("/groups/{group}/members"), json!({ "user_id": user.id })).await;
        let (limited, _, _) = market.right(&user, json!({ "uses": 9, "expiry": "absolute_date", "expires_at": "2990-01-01T00:00:00.900Z", "grace_days": 1 })).await;
        let (forever, entitlement, _) = market.right(&user, json!({})).await;
        market.claim(&entitlement, "Group", &group).await;
        let decode = async |receipt: &str, validation: &Validation| {
            let keys: JwkSet = serde_json::from_value(market.server.get_anonymously("/.well-known/jwks.json").await.1).unwrap();
            let header = jsonwebtoken::decode_header(receipt).unwrap();
            assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::EdDSA, Some("receipt+jwt")));
            let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap())?).unwrap();
            Some(jsonwebtoken::decode::<Value>(receipt, &key, validation).unwrap().claims)
        };
        let mut receipts = Vec::new();
        for (path, sub, product, exp, query) in [
            (of_user(&user, &limited), &user.id, &limited, json!(clock_seconds("2990-01-02T00:00:00Z")), "?quantity=3"),
            (format!("/authorizations/groups/{group}/products/{forever}"), &group, &forever, Value::Null, ""),
        ] {
            let (_, granted) = market.ask(&user, Method::PUT, &format!("{path}{query}")).await;
            let receipt = granted["receipt"].as_str().unwrap().to_owned();
            let mut validation = Validation::new(Algorithm::EdDSA);
            validation.set_audience(&[product]);
            validation.set_issuer(&[market.server.url("")]);
            validation.required_spec_claims.remove("exp");
            let claims = decode(&receipt, &validation).await.unwrap();
            assert_eq!((&claims["sub"], &claims["jti"], claims.get("exp").unwrap_or(&Value::Null)), (&json!(sub), &granted["attempt_id"], &exp), "{claims}");
            for (ours, theirs) in [("claim_id", "id"), ("entitlement_id", "entitlement_id"), ("quantity", "quantity"), ("state", "state"), ("valid_until", "valid_until"), ("remaining_uses", "remaining_uses"), ("claimant_type", "claimant_type")] {
                assert_eq!(claims[ours], granted[theirs], "{ours}");
            }
            assert_eq!(claims["iat"], clock_seconds(granted["evaluated_at"].as_str().unwrap()));
            // Another product does not take it, nor does anybody once it is changed.
            validation.set_audience(&[&Uuid::new_v4().to_string()]);
            let keys = market.server.get_anonymously("/.well-known/jwks.json").await.1;
            let key = DecodingKey::from_jwk(&serde_json::from_value(keys["keys"][0].clone()).unwrap()).unwrap();
            assert!(jsonwebtoken::decode::<Value>(&receipt, &key, &validation).is_err());
            assert_eq!(mkt::core::licensing::verify(&keys, &receipt).unwrap().sub.to_string(), *sub);
            let (head, tail) = receipt.split_at(receipt.len() / 2);
            let bent = format!("{head}{}{}", if tail.starts_with('A') { 'B' } else { 'A' }, &tail[1..]);
            assert!(mkt::core::licensing::verify(&keys, &bent).is_err());
            receipts.push(receipt);
        }

        // Another key signs from now on: the old receipts stay good until their own key is revoked.
        let db = Db::open(&database.url.parse().unwrap(), Wait::No).await.unwrap();
        let db = db.with_secret_key(&Secret::new(SECRET_KEY)).unwrap();
        let old = jsonwebtoken::decode_header(&receipts[0]).unwrap().kid.unwrap();
        let tx = db.begin().await.unwrap();
        signing::rotate(&tx, clock::now()).await.unwrap();
        tx.commit().await.unwrap();
        let keys = async || market.server.get_anonymously("/.well-known/jwks.json").await.1;
        for receipt in &receipts {
            mkt::core::licensing::verify(&keys().await, receipt).unwrap();
        }
        let mut fresh = receipts[0].clone();
        while jsonwebtoken::decode_header(&fresh).unwrap().kid.unwrap() == old {
            // The server hears of it: at once on PostgreSQL, within a second on SQLite.
            let (_, granted) = market.authorize(&user, &forever).await;
            fresh = granted["receipt"].as_str().unwrap().to_owned();
            mkt::core::licensing::verify(&keys().await, &fresh).unwrap();
        }
        let tx = db.begin().await.unwrap();
        assert!(signing::revoke(&tx, &old, clock::now()).await.unwrap());
        tx.commit().await.unwrap();
        for receipt in &receipts {
            assert!(mkt::core::licensing::verify(&keys().await, receipt).is_err());
        }
        mkt::core::licensing::verify(&keys().await, &fresh).unwrap();
    }
}

fn clock_seconds(text: &str) -> i64 {
    at(text).unix_seconds()
}
