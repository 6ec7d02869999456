//! What is decided when a product asks, and what is written of it.

use reqwest::Method;
use serde_json::json;

use super::market::Market;
use crate::support::{Database, on_both};

on_both! {
    async fn a_right_is_used_and_counted(database: Database) {
        let market = Market::open(&database).await;
        let user = market.user("Ann").await;
        let product = market.product("Planner").await;
        assert_eq!(market.authorize(&user, &product).await.1["reason"], "no_claim");
        let offer = market.offer(&product, json!({ "uses": 3 })).await;
        let entitlement = market.entitlement(&user, &offer, "2026-01-31T00:00:00Z").await;
        let claim = market.claim(&entitlement, "User", &user.id).await;
        for count in 1..=3 {
            let (status, granted) = market.authorize(&user, &product).await;
            assert_eq!((status, &granted["authorization_count"]), (200, &json!(count)), "{granted}");
            assert_eq!(granted["remaining_uses"], 3 - count);
            assert_eq!(granted["id"], *claim);
            println!("{granted}");
        }
        let (status, refused) = market.authorize(&user, &product).await;
        assert_eq!((status, &refused["reason"]), (422, &json!("uses_exhausted")), "{refused}");
        let (status, checked) = market.ask(&user, Method::GET, &format!("/authorizations/users/{}/products/{product}", user.id)).await;
        assert_eq!((status, &checked["reason"]), (422, &json!("uses_exhausted")), "{checked}");
        let attempts = market.server.get("/attempts").await;
        assert_eq!(attempts["total_entries"], 5);
        println!("{refused} {attempts}");
    }
}
