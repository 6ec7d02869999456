//! Vouchers: made many at a time, redeemed once.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::market::{Market, User};
use crate::http::Answer;
use crate::support::{Database, Server, on_both};

async fn redeem(server: &Server, user: &User, key: &str, body: Value) -> Answer {
    let path = format!("/vouchers/{key}/redeem");
    Answer::to(server.anonymous(Method::POST, &path).bearer_auth(&user.token).json(&body)).await
}

impl Market {
    async fn voucher(&self, offer: &str, mut fields: Value) -> Value {
        fields["product_license_id"] = json!(offer);
        self.server.create("/vouchers", fields).await
    }
}

on_both! {
    async fn a_code_becomes_an_entitlement_once(database: Database) {
        let market = Market::open(&database).await;
        let (ann, bob) = (market.user("Ann").await, market.user("Bob").await);
        let product = market.product("Planner").await;
        let offer = market.offer(&product, json!({ "expiry": "relative_date", "days_valid": 30 })).await;
        let voucher = market.voucher(&offer, json!({})).await;
        let (id, code) = (voucher["id"].as_str().unwrap(), voucher["code"].as_str().unwrap());

        // As people type it.
        let typed = code.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        let redeemed = redeem(&market.server, &ann, &typed.replace(' ', "%20"), json!({})).await;
        assert_eq!(redeemed.status, 200, "{}", redeemed.body);
        let told = redeemed.json();
        assert_eq!((&told["redeemed_by"], &told["code"]), (&json!(ann.id), &json!(code)));
        let entitlement = told["entitlement_id"].as_str().unwrap();
        let got = market.ask(&ann, Method::GET, &format!("/entitlements/{entitlement}")).await.1;
        assert_eq!((&got["user_id"], &got["valid_from"]), (&json!(ann.id), &told["redeemed_at"]));
        let again = redeem(&market.server, &bob, code, json!({})).await;
        assert!(again.status == 409 && again.body.contains("was redeemed at"), "{}", again.body);
        // The one who redeemed it may read it; nobody else may, and by its id it is not there for them.
        assert_eq!(market.ask(&ann, Method::GET, &format!("/vouchers/{id}")).await.0, 200);
        assert_eq!(redeem(&market.server, &bob, id, json!({})).await.status, 404);

        let given = market.voucher(&offer, json!({})).await["code"].as_str().unwrap().to_owned();
        let nobody = redeem(&market.server, &ann, &given, json!({ "user_id": "c0ffee00-0000-4000-8000-000000000000" })).await;
        assert!(nobody.status == 422 && nobody.body.contains("user_id must be the id of a user"), "{}", nobody.body);
        let gift = redeem(&market.server, &ann, &given, json!({ "user_id": bob.id })).await.json();
        let entitlement = gift["entitlement_id"].as_str().unwrap();
        assert_eq!(market.ask(&bob, Method::GET, &format!("/entitlements/{entitlement}")).await.1["user_id"], *bob.id);
        assert_eq!(gift["redeemed_by"], *ann.id);

        let early = market.voucher(&offer, json!({ "issued_at": "2999-01-31" })).await;
        let late = market.voucher(&offer, json!({ "issued_at": "2020-01-31", "expires_at": "2021-01-31" })).await;
        let unused = market.voucher(&offer, json!({})).await;
        let hostile = "'%20or%201=1--";
        for (key, status, message) in [
            (early["code"].as_str().unwrap(), 409, "from 2999-01-31T00:00:00.000Z on"),
            (late["code"].as_str().unwrap(), 409, "until 2021-01-31T00:00:00.000Z"),
            ("0000-0000-0000-0000", 404, "no such voucher"),
            ("x", 404, "no such voucher"),
            (hostile, 404, "no such voucher"),
            (&"A".repeat(5000), 404, "no such voucher"),
            ("%F0%9F%8E%81", 404, "no such voucher"),
            (unused["id"].as_str().unwrap(), 404, "no such voucher"),
        ] {
            let refused = redeem(&market.server, &ann, key, json!({})).await;
            assert_eq!(refused.status, status, "{key:.40}: {}", refused.body);
            assert!(refused.body.contains(message), "{key:.40}: {}", refused.body);
        }
        let stranger = Answer::to(market.server.anonymous(Method::POST, &format!("/vouchers/{code}/redeem"))).await;
        assert_eq!(stranger.status, 401, "{}", stranger.body);
        let by_vendor = market.server.send(Method::POST, &format!("/vouchers/{}/redeem", text(&unused, "id")), json!({})).await;
        assert_eq!(by_vendor.0, 200, "who may read it may redeem it by its id: {}", by_vendor.1);
    }

    async fn of_many_who_redeem_one_gets_it(database: Database) {
        let market = Market::open(&database).await;
        let other = if database.url.starts_with("sqlite") { None } else {
            Some(Server::start_with(&database, &["--rate-limit", "0"], &[]).await)
        };
        let ann = market.user("Ann").await;
        let product = market.product("Planner").await;
        let offer = market.offer(&product, json!({})).await;
        let voucher = market.voucher(&offer, json!({})).await;
        let code = text(&voucher, "code");
        let servers = [&market.server, other.as_ref().unwrap_or(&market.server)];
        let answers = join_all((0..32).map(|turn| redeem(servers[turn % 2], &ann, &code, json!({})))).await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        let lost = answers.iter().filter(|answer| answer.status == 409).count();
        assert_eq!((won, lost), (1, 31), "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
        assert_eq!(market.server.get("/entitlements").await["total_entries"], 1);

        // A repeat under its key is told what the first was.
        let voucher = market.voucher(&offer, json!({})).await;
        let path = format!("/vouchers/{}/redeem", text(&voucher, "code"));
        let send = || market.server.anonymous(Method::POST, &path).bearer_auth(&ann.token).header("idempotency-key", "one").json(&json!({}));
        let answers = join_all((0..8).map(|_| Answer::to(send()))).await;
        assert!(answers.iter().all(|answer| (answer.status, &answer.body) == (200, &answers[0].body)));
        assert_eq!(market.server.get("/entitlements").await["total_entries"], 2);

        // Seats are as few as they are.
        let crowded = market.offer(&product, json!({ "seats": 10 })).await;
        let entitlement = market.entitlement(&ann, &crowded, "2026-01-31").await;
        let mut people = Vec::new();
        for number in 0..64 {
            people.push(market.id("/users", json!({ "name": format!("Person {number}") })).await);
        }
        let path = format!("/entitlements/{entitlement}/claims");
        let claim = |turn: usize| {
            let claim = json!({ "claimant_type": "User", "claimant_id": people[turn] });
            Answer::to(servers[turn % 2].request(Method::POST, &path).json(&claim))
        };
        let answers = join_all((0..64).map(claim)).await;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        let full = answers.iter().filter(|answer| answer.status == 409).count();
        assert_eq!((made, full), (10, 54), "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
        assert_eq!(market.server.get(&path).await["total_entries"], 10);
    }

    async fn many_are_made_at_once_or_none(database: Database) {
        let market = Market::open(&database).await;
        let product = market.product("Planner").await;
        let offer = market.offer(&product, json!({})).await;
        let body = json!({ "product_license_id": offer, "count": 500, "expires_at": "2999-01-31" });
        let send = || market.server.request(Method::POST, "/vouchers").header("idempotency-key", "bulk").json(&body);
        let made = Answer::to(send()).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let again = Answer::to(send()).await;
        assert_eq!(again.body, made.body, "a repeat makes no others");
        let made = made.json();
        let codes: std::collections::HashSet<_> =
            made["results"].as_array().unwrap().iter().map(|voucher| text(voucher, "code")).collect();
        assert_eq!((codes.len(), &made["total_entries"]), (500, &json!(500)));
        assert_eq!(made["results"][499]["expires_at"], "2999-01-31T00:00:00.000Z");
        assert_eq!(market.server.get("/vouchers").await["total_entries"], 500);
        for (fields, field) in [
            (json!({ "count": 0 }), "count"),
            (json!({ "count": 1001 }), "count"),
            (json!({ "count": "many" }), "count"),
            (json!({ "count": 2, "code": "0123-4567-89AB-CDEF" }), "code"),
            (json!({ "count": 2, "id": product }), "id"),
            (json!({ "count": 2, "expires_at": "2020-01-31" }), "expires_at"),
            (json!({ "count": 2, "product_license_id": product }), "product_license_id"),
        ] {
            let mut body = json!({ "product_license_id": offer });
            fields.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
            let (status, refused) = market.server.send(Method::POST, "/vouchers", body).await;
            assert_eq!(status, 422, "{fields}: {refused}");
            assert!(refused["errors"][field].is_array(), "{fields}: {refused}");
        }
        let ann = market.user("Ann").await;
        let request = market.server.anonymous(Method::POST, "/vouchers").bearer_auth(&ann.token).json(&body);
        let refused = Answer::to(request).await;
        assert!(refused.status == 403 && refused.body.contains("vouchers.create"), "{}", refused.body);
        assert_eq!(market.server.get("/vouchers").await["total_entries"], 500);
    }
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap().to_owned()
}

/// Codes can't be guessed: who tries has to wait.
#[tokio::test]
async fn guesses_are_counted() {
    let database = Database::sqlite();
    let market = Market { server: Server::start(&database).await };
    let ann = market.user("Ann").await;
    let mut statuses = Vec::new();
    for _ in 0..80 {
        statuses.push(redeem(&market.server, &ann, "0000-0000-0000-0000", json!({})).await.status);
    }
    assert!(statuses.contains(&404) && statuses.last() == Some(&429), "{statuses:?}");
}
