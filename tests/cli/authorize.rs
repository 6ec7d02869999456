//! `mkt authorize` and `mkt verify-receipt`: may a product be used, and who can prove it.

use serde_json::json;

use crate::licensing::market::Market;
use crate::support::{Database, mkt, on_both};

on_both! {
    async fn products_are_authorized_from_scripts(database: Database) {
        let market = Market::open(&database).await;
        let server = &market.server;
        let ann = market.user("Ann").await;
        let product = market.product("Planner").await;
        let ward = market.id("/groups", json!({ "name": "Ward 3" })).await;
        let refused = server.mkt(&["authorize", "Ann", "Planner"]).await;
        assert_eq!((refused.code, refused.stdout.as_str()), (7, ""), "{}", refused.stderr);
        assert!(refused.stderr.contains("There is no claim") && refused.stderr.contains("(no_claim)"), "{}", refused.stderr);

        let offer = market.offer(&product, json!({ "uses": 5 })).await;
        let entitlement = market.entitlement(&ann, &offer, "2026-01-31").await;
        market.claim(&entitlement, "User", &ann.id).await;
        market.claim(&entitlement, "Group", &ward).await;
        let checked = server.mkt(&["authorize", "ann", "planner", "--check", "--json"]).await.json();
        assert_eq!((&checked["remaining_uses"], &checked["receipt"]), (&json!(5), &json!(null)));
        let granted = server.mkt(&["authorize", "Ann", "Planner", "--quantity", "2", "--json"]).await.json();
        assert_eq!((&granted["remaining_uses"], &granted["state"]), (&json!(3), &json!("active")));
        for claimant in ["Ward 3", &ward] {
            let table = server.mkt(&["authorize", claimant, &product]).await.ok();
            assert!(table.contains("remaining_uses") && table.contains(&entitlement), "{table}");
        }
        server.mkt(&["authorize", "--group", "Ward 3", "Planner"]).await.ok();
        let spent = server.mkt(&["authorize", "Ann", "Planner"]).await;
        assert!(spent.code == 7 && spent.stderr.contains("(uses_exhausted)"), "{}", spent.stderr);
        // By permission, and no claim.
        let own = server.mkt(&["authorize", "Planner", "--json"]).await.json();
        assert_eq!((&own["outcome"], &own["claimant_id"]), (&json!("granted"), &json!(null)));
        let as_ann = [("MKT_SERVER", server.url("")), ("MKT_TOKEN", ann.token.clone())];
        let as_ann = as_ann.each_ref().map(|(name, value)| (*name, value.as_str()));
        let lacks = mkt(&["authorize", "Planner"], &as_ann).await;
        assert!(lacks.code == 4 && lacks.stderr.contains("products.authorize"), "{}", lacks.stderr);

        for (arguments, code, message) in [
            (&["authorize", "Nobody", "Planner"][..], 5, "no user with the name"),
            (&["authorize", "Ann", "Nothing"], 5, "no product with the name"),
            (&["authorize", "Ann", "Planner", "--quantity", "0"], 2, "quantity"),
            (&["authorize", "--group", "Ann", "Planner"], 5, "no group with the name"),
            (&["authorize", "c0ffee00-0000-4000-8000-000000000000", "Planner"], 5, "no such user"),
            (&["authorize"], 2, "PRODUCT"),
        ] {
            let ran = server.mkt(arguments).await;
            assert_eq!(ran.code, code, "{arguments:?}: {}", ran.stderr);
            assert!(ran.stderr.contains(message), "{arguments:?}: {}", ran.stderr);
        }
    }

    async fn receipts_prove_a_grant_without_the_marketplace(database: Database) {
        let market = Market::open(&database).await;
        let server = &market.server;
        let ann = market.user("Ann").await;
        let product = market.product("Planner").await;
        let terms = json!({ "expiry": "absolute_date", "expires_at": "2999-01-31T00:00:00Z", "grace_days": 1 });
        let offer = market.offer(&product, terms).await;
        let entitlement = market.entitlement(&ann, &offer, "2026-01-31").await;
        market.claim(&entitlement, "User", &ann.id).await;
        let receipt = server.mkt(&["authorize", "Ann", "Planner", "--receipt"]).await.ok();
        let receipt = receipt.trim();

        let told = server.mkt(&["verify-receipt", receipt, "--product", &product, "--claimant", &ann.id, "--json"]).await.json();
        assert_eq!((&told["sub"], &told["aud"]), (&json!(ann.id), &json!(product)));
        assert_eq!((&told["entitlement_id"], &told["valid_until"]), (&json!(entitlement), &json!("2999-01-31T00:00:00.000Z")));
        // With the keys in a file, no server is asked.
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys.json");
        std::fs::write(&keys, server.get("/.well-known/jwks.json").await.to_string()).unwrap();
        let keys = keys.to_str().unwrap();
        let offline = [("MKT_SERVER", "http://127.0.0.1:1")];
        let (head, signature) = receipt.rsplit_once('.').unwrap();
        let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
        let other = "c0ffee00-0000-4000-8000-000000000000";
        let cases: [(&[&str], i32, &str); 9] = [
            (&[receipt], 0, ""),
            (&[receipt, "--at", "2999-01-31T12:00:00Z"], 0, ""),
            (&[receipt, "--at", "2999-02-01T00:00:00Z"], 7, "held until 2999-02-01T00:00:00.000Z"),
            (&[receipt, "--product", other], 7, "another product"),
            (&[receipt, "--claimant", other], 7, "another User"),
            (&[&forged], 1, "was changed"),
            (&[&receipt[..receipt.len() / 2]], 1, "does not hold"),
            (&["nonsense"], 1, "no signed text"),
            (&[&ann.token], 1, "no signed text"),
        ];
        for (arguments, code, message) in cases {
            let ran = mkt(&[&["verify-receipt", "--keys", keys], arguments].concat(), &offline).await;
            assert_eq!(ran.code, code, "{arguments:?}: {}", ran.stderr);
            assert!(ran.stderr.contains(message), "{arguments:?}: {}", ran.stderr);
        }
        let none = mkt(&["verify-receipt", receipt], &offline).await;
        assert_eq!(none.code, 8, "{}", none.stderr);
        std::fs::write(keys, r#"{"keys":[]}"#).unwrap();
        let unknown = mkt(&["verify-receipt", receipt, "--keys", keys], &offline).await;
        assert!(unknown.code == 1 && unknown.stderr.contains("a key that the marketplace does not have"), "{}", unknown.stderr);
    }
}
