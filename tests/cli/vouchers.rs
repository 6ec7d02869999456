//! `mkt voucher issue|redeem`, `mkt attempt summary`, and comma-separated values.

use serde_json::json;

use crate::licensing::market::Market;
use crate::support::{Database, mkt, on_both};

on_both! {
    async fn vouchers_go_out_as_a_table_and_come_back_as_rights(database: Database) {
        let market = Market::open(&database).await;
        let server = &market.server;
        let ann = market.user("Ann").await;
        let product = market.product("Planner").await;
        server.mkt(&["license", "create", "--set", "name=Site", "--set", "url=https://licences.example/site"]).await.ok();
        let offer = server.mkt(&["offer", "create", "--product", "Planner", "--set", "license_id=Site", "--output", "id"]).await.ok();
        let issue = ["voucher", "issue", "--product", "Planner", "--license", "Site", "--count", "500", "--output", "csv"];
        let sheet = server.mkt(&issue).await.ok();
        let lines: Vec<&str> = sheet.lines().collect();
        assert_eq!((lines.len(), lines[0]), (501, "id,code,entitlement_id,expires_at,issued_at,product_license_id,redeemed_at,redeemed_by,created_at,updated_at,path,url"));
        let code = lines[1].split(',').nth(1).unwrap();
        let one = server.mkt(&["voucher", "issue", offer.trim(), "--expires-at", "2999-01-31", "--json"]).await.json();
        assert_eq!(one["results"][0]["expires_at"], "2999-01-31T00:00:00.000Z");

        let as_ann = [("MKT_SERVER", server.url("")), ("MKT_TOKEN", ann.token.clone())];
        let as_ann = as_ann.each_ref().map(|(name, value)| (*name, value.as_str()));
        let redeemed = mkt(&["voucher", "redeem", &code.to_lowercase(), "--claim"], &as_ann).await;
        assert!(redeemed.code == 0 && redeemed.stderr.contains("Claimed"), "{}", redeemed.stderr);
        mkt(&["authorize", &ann.id, "Planner"], &as_ann).await.ok();
        let again = mkt(&["voucher", "redeem", code], &as_ann).await;
        assert!(again.code == 6 && again.stderr.contains("was redeemed at"), "{}", again.stderr);
        let second = lines[2].split(',').nth(1).unwrap();
        let hint = mkt(&["voucher", "redeem", second], &as_ann).await;
        assert!(hint.code == 0 && hint.stderr.contains("mkt claim create --entitlement"), "{}", hint.stderr);
        let gift = server.mkt(&["voucher", "redeem", lines[3].split(',').nth(1).unwrap(), "--user", "Ann"]).await;
        assert!(gift.code == 0 && gift.stderr.contains("now Ann's"), "{}", gift.stderr);

        let summary = server.mkt(&["attempt", "summary", "--by", "product"]).await.ok();
        assert!(summary.contains("GRANTED") && summary.contains(&product), "{summary}");
        let summary = server.mkt(&["attempt", "summary", "--by", "claimant", "--since", "2020-01-31", "--output", "csv"]).await.ok();
        assert_eq!(summary.trim(), format!("claimant_id,claimant_type,granted,quantity,refused\n{},User,1,1,0", ann.id));
        let none = server.mkt(&["attempt", "summary", "--by", "day", "--until", "2020-01-31", "--json"]).await.json();
        assert_eq!(none["results"], json!([]));
        let found = server.mkt(&["attempt", "list", "--where", "since=2020-01-31", "--output", "id"]).await.ok();
        assert_eq!(found.lines().count(), 1);

        for (arguments, code, message) in [
            (&["voucher", "issue"][..], 2, "OFFER"),
            (&["voucher", "issue", "--product", "Planner"], 2, "--license"),
            (&["voucher", "issue", "--product", "Planner", "--license", "Nothing"], 5, "no license with the name"),
            (&["voucher", "issue", offer.trim(), "--count", "1001"], 2, "1001"),
            (&["voucher", "issue", offer.trim(), "--expires-at", "2020-01-31"], 1, "expires_at"),
            (&["voucher", "redeem", "0000-0000-0000-0000"], 5, "no such voucher"),
            (&["voucher", "redeem", "../users"], 5, "no such voucher"),
            (&["attempt", "summary"], 2, "--by"),
            (&["attempt", "summary", "--by", "day", "--where", "x=y"], 2, "x"),
        ] {
            let ran = server.mkt(arguments).await;
            assert_eq!(ran.code, code, "{arguments:?}: {}", ran.stderr);
            assert!(ran.stderr.contains(message), "{arguments:?}: {}", ran.stderr);
        }
    }
}
