//! Families of products: a right goes down them, however they are made, and as soon as they are.

use mkt::core::db::Statement;
use mkt::core::licensing::Claimant;
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::core::{Core, at, granted, refused};
use super::market::{Market, User, of_user};
use crate::support::{Database, on_both};

/// Whether a user may use a product, by a look and by use alike.
async fn may(market: &Market, user: &User, product: &str) -> bool {
    let (looked, _) = market.ask(user, Method::GET, &of_user(user, product)).await;
    let (used, answer) = market.authorize(user, product).await;
    assert_eq!(looked, used, "{answer}");
    assert!(used == 200 || answer["reason"] == "no_claim", "{answer}");
    used == 200
}

on_both! {
    async fn rights_go_down_whatever_the_shape(database: Database) {
        let core = Core::open(&database).await;
        let now = at("2026-01-31");
        // Parents and children by number, whose right to what makes what be granted.
        for (edges, right, reaches) in [
            ("", 0, "0"),
            ("01 12 23", 0, "0123"),
            ("01 12 23", 2, "23"),
            ("01 02 13 23 34", 0, "01234"),
            ("01 02 13 23 34", 1, "134"),
            ("01 10", 0, "01"),
            ("01 12 20", 1, "012"),
            ("01 12 20 23", 1, "0123"),
            ("01 12 20 23 45", 3, "3"),
            ("01 12 23 34 45 50", 4, "012345"),
            ("01 10 12 21 23 32 30 03", 2, "0123"),
        ] {
            let (claimant, first) = core.right(now, json!({}), now).await;
            let mut products = Vec::new();
            for number in 0..6 {
                products.push(if number == right { first } else { core.product(now).await });
            }
            for edge in edges.split_whitespace() {
                let [parent, child] = [0, 1].map(|place| usize::from(edge.as_bytes()[place] - b'0'));
                core.join(now, products[parent], products[child]).await;
            }
            for (number, product) in products.iter().enumerate() {
                let expected = reaches.contains(&number.to_string());
                let decision = core.ask(now, claimant, *product, 1).await;
                match expected {
                    true => assert_eq!(granted(&decision).product_id.uuid(), *product, "{edges}, {number}"),
                    false => assert_eq!(refused(&decision).reason.word(), "no_claim", "{edges}, {number}"),
                }
            }
        }
    }

    async fn ten_thousand_products_at_any_depth(database: Database) {
        let core = Core::open(&database).await;
        let now = at("2026-01-31");
        let (claimant, root) = core.right(now, json!({ "uses": 1000 }), now).await;
        // 50 levels of 200, each product under one or two of the level above; the last level leads back to the first.
        let ids: Vec<Uuid> = (0..10_000).map(|_| Uuid::new_v4()).collect();
        let tx = core.db.begin().await.unwrap();
        for chunk in ids.chunks(500) {
            let mut insert = Statement::new("insert into products (id, name, user_id, created_at, updated_at, search) values ");
            for (place, id) in chunk.iter().enumerate() {
                insert.push(if place > 0 { ", (" } else { "(" }).push_arg(*id).push(", ").push_arg(id.to_string());
                insert.push(", ").push_arg(mkt::core::access::administrator::ID).push(", ");
                insert.push_arg(now).push(", ").push_arg(now).push(", '')");
            }
            tx.execute(insert).await.unwrap();
        }
        let mut edges = vec![(root, ids[0])];
        for place in 1..10_000usize {
            edges.push((ids[place.saturating_sub(200)], ids[place]));
            if place >= 200 && place % 3 == 0 {
                edges.push((ids[place - 200 + if place % 200 == 199 { 0 } else { 1 }], ids[place]));
            }
        }
        edges.push((ids[9_999], ids[0]));
        edges.sort_unstable();
        edges.dedup();
        for chunk in edges.chunks(500) {
            let mut insert = Statement::new("insert into sub_products (id, parent_id, child_id, created_at, updated_at) values ");
            for (place, (parent, child)) in chunk.iter().enumerate() {
                insert.push(if place > 0 { ", (" } else { "(" }).push_arg(Uuid::new_v4()).push(", ").push_arg(*parent);
                insert.push(", ").push_arg(*child).push(", ").push_arg(now).push(", ").push_arg(now).push(")");
            }
            tx.execute(insert).await.unwrap();
        }
        tx.changes_families();
        tx.commit().await.unwrap();
        for (count, place) in [0, 1, 199, 200, 5_000, 9_999].into_iter().enumerate() {
            let decision = core.ask(now, claimant, ids[place], 1).await;
            assert_eq!(granted(&decision).remaining_uses, Some(999 - count as i64), "{place}");
        }
        let stranger = Claimant::User(core.user(now).await.into());
        assert_eq!(refused(&core.ask(now, stranger, ids[9_999], 1).await).reason.word(), "no_claim");
    }

    async fn what_one_server_changes_the_other_knows_at_once(database: Database) {
        let here = Market::open(&database).await;
        let there = if database.url.starts_with("sqlite") { None } else { Some(Market::open(&database).await) };
        let there = there.as_ref().unwrap_or(&here);
        let user = here.user("Ann").await;
        let (top, ..) = here.right(&user, json!({})).await;
        let [middle, bottom] = ["Middle", "Bottom"].map(|name| here.product(name));
        let (middle, bottom) = (middle.await, bottom.await);
        let join = async |parent: &str, child: &str| here.server.create("/sub_products", json!({ "parent_id": parent, "child_id": child })).await;
        let delete = async |path: &str| {
            let (status, answer) = here.server.send(Method::DELETE, &format!("{path}?force=true"), json!({})).await;
            assert_eq!(status, 200, "{answer}");
        };
        for _ in 0..3 {
            assert!(!may(there, &user, &bottom).await);
            let upper = join(&top, &middle).await["path"].as_str().unwrap().to_owned();
            assert!(may(there, &user, &middle).await && !may(there, &user, &bottom).await);
            let lower = join(&middle, &bottom).await["path"].as_str().unwrap().to_owned();
            assert!(may(there, &user, &bottom).await);
            // Elsewhere, and back.
            let aside = here.product(&Uuid::new_v4().to_string()).await;
            let (status, _) = here.server.send(Method::PUT, &upper, json!({ "parent_id": aside })).await;
            assert_eq!(status, 200);
            assert!(!may(there, &user, &bottom).await && !may(there, &user, &middle).await);
            here.server.send(Method::PUT, &upper, json!({ "parent_id": top })).await;
            assert!(may(there, &user, &bottom).await);
            // An offer of what is above, to which there is a right; it goes with the offer.
            let offer = here.offer(&aside, json!({})).await;
            let entitlement = here.entitlement(&user, &offer, "2020-01-01").await;
            here.claim(&entitlement, "User", &user.id).await;
            assert!(may(there, &user, &aside).await);
            delete(&upper).await;
            assert!(!may(there, &user, &bottom).await);
            join(&aside, &middle).await;
            assert!(may(there, &user, &bottom).await);
            delete(&format!("/products/{aside}/licenses/{offer}")).await;
            assert!(!may(there, &user, &bottom).await && !may(there, &user, &aside).await);
            // A product in between goes, and its edges with it.
            let between = here.product(&Uuid::new_v4().to_string()).await;
            join(&top, &between).await;
            join(&between, &bottom).await;
            assert!(may(there, &user, &bottom).await);
            delete(&format!("/products/{between}")).await;
            assert!(!may(there, &user, &bottom).await);
            delete(&lower).await;
        }
    }

    async fn families_that_change_meanwhile_keep_nobody_waiting(database: Database) {
        let market = Market::open(&database).await;
        let user = market.user("Ann").await;
        let (top, entitlement, _) = market.right(&user, json!({})).await;
        let child = market.product("Child").await;
        market.id("/sub_products", json!({ "parent_id": top, "child_id": child })).await;
        let changing = async {
            for _ in 0..20 {
                let other = market.product(&Uuid::new_v4().to_string()).await;
                market.id("/sub_products", json!({ "parent_id": child, "child_id": other })).await;
            }
        };
        let asking = futures_util::future::join_all((0..4).map(async |_| {
            for _ in 0..25 {
                let (status, answer) = market.authorize(&user, &child).await;
                assert_eq!(status, 200, "{answer}");
            }
        }));
        tokio::join!(changing, asking);
        assert_eq!(market.count(&format!("/entitlements/{entitlement}")).await, 100);
        assert_eq!(market.attempts(None).await, 100);
    }
}
