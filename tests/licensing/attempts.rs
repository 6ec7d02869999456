//! Attempts: kept as they were, found again, summed up.

use reqwest::Method;
use serde_json::{Value, json};

use super::market::Market;
use crate::support::{Database, on_both};

on_both! {
    async fn attempts_are_found_and_summed_up(database: Database) {
        let market = Market::open(&database).await;
        let (ann, bob) = (market.user("Ann").await, market.user("Bob").await);
        let (planner, viewer) = (market.product("Planner").await, market.product("Viewer").await);
        let offer = market.offer(&planner, json!({ "uses": 10 })).await;
        let entitlement = market.entitlement(&ann, &offer, "2026-01-31").await;
        market.claim(&entitlement, "User", &ann.id).await;
        let began = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        for (user, product, quantity) in [(&ann, &planner, 4), (&ann, &planner, 5), (&ann, &planner, 2), (&bob, &planner, 1), (&bob, &viewer, 1)] {
            let path = format!("/authorizations/users/{}/products/{product}?quantity={quantity}", user.id);
            market.ask(user, Method::PUT, &path).await;
        }
        let sums = async |query: &str| market.server.get(&format!("/attempts/summary?{query}")).await;
        let row = |sums: &Value, name: &str, value: &str| {
            let rows = sums["results"].as_array().unwrap();
            let row = rows.iter().find(|row| row[name] == value).unwrap_or_else(|| panic!("{value} in {sums}"));
            [&row["granted"], &row["refused"], &row["quantity"]].map(|sum| sum.as_i64().unwrap())
        };
        let by_product = sums("by=product").await;
        assert_eq!((row(&by_product, "product_id", &planner), row(&by_product, "product_id", &viewer)), ([2, 2, 9], [0, 1, 0]));
        let by_claimant = sums("by=claimant").await;
        assert_eq!((row(&by_claimant, "claimant_id", &ann.id), row(&by_claimant, "claimant_id", &bob.id)), ([2, 1, 9], [0, 2, 0]));
        let today = &began[..10];
        assert_eq!(row(&sums("by=day").await, "day", today), [2, 3, 9]);
        assert_eq!(row(&sums(&format!("by=day&product_id={viewer}&outcome=refused")).await, "day", today), [0, 1, 0]);
        assert_eq!(sums(&format!("by=day&until={began}")).await["total_entries"], 0);
        assert_eq!(row(&sums(&format!("by=day&since={began}")).await, "day", today), [2, 3, 9]);
        let page = sums("by=product&per_page=1&page=2").await;
        assert_eq!((&page["total_pages"], page["results"].as_array().unwrap().len()), (&json!(2), 1));
        for bad in ["", "by=x", "by=day&since=yesterday", "by=day&page=0"] {
            let (status, told) = market.server.send(Method::GET, &format!("/attempts/summary?{bad}"), json!({})).await;
            assert_eq!(status, 400, "{bad}: {told}");
        }
        // Users see their own, strangers none.
        let own = market.ask(&bob, Method::GET, "/attempts/summary?by=product").await.1;
        assert_eq!((row(&own, "product_id", &planner), own["total_entries"].as_i64()), ([0, 1, 0], Some(2)));
        let (_, none) = market.server.get_anonymously("/attempts/summary?by=product").await;
        assert_eq!(none["total_entries"], 0, "{none}");
        let exhausted = market.server.get("/attempts?reason=uses_exhausted").await;
        assert_eq!((&exhausted["total_entries"], &exhausted["results"][0]["quantity"]), (&json!(1), &json!(2)));
        // They stay when all else is gone.
        market.server.send(Method::DELETE, &format!("/products/{planner}?force=true"), json!({})).await;
        assert_eq!(market.server.get("/attempts").await["total_entries"], 5);
    }
}
