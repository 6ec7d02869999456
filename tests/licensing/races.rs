//! Many at once: what is granted is what is counted and what is recorded, and never more than there is.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::market::{Market, of_user};
use crate::support::{Database, on_both};

/// How many clients ask at a time.
const CLIENTS: usize = 64;

/// The servers of a marketplace: two on PostgreSQL.
async fn servers(database: &Database) -> Vec<Market> {
    let number = if database.url.starts_with("sqlite") { 1 } else { 2 };
    join_all((0..number).map(|_| Market::open(database))).await
}

/// What came of asks: how many and how many uses of each outcome or reason.
#[derive(Default, Debug)]
struct Tally(HashMap<String, (u64, u64)>);

impl Tally {
    fn add(&mut self, answer: &Value, quantity: u64) {
        let word = answer["reason"].as_str().unwrap_or("granted").to_owned();
        let (number, uses) = self.0.entry(word).or_default();
        *number += 1;
        *uses += quantity;
    }

    fn of(&self, word: &str) -> (u64, u64) {
        self.0.get(word).copied().unwrap_or_default()
    }

    /// Attempts are recorded exactly as answered.
    async fn is_recorded(&self, market: &Market) {
        let all: u64 = self.0.values().map(|(number, _)| number).sum();
        assert_eq!(market.attempts(None).await, all, "{self:?}");
        for (word, (number, _)) in &self.0 {
            let filter =
                if word == "granted" { "outcome=granted".into() } else { format!("outcome=refused&reason={word}") };
            let recorded = market.server.get(&format!("/attempts?per_page=1&{filter}")).await["total_entries"].clone();
            assert_eq!(recorded, json!(number), "{self:?}");
        }
    }
}

/// Has all clients ask, so many times in all: each time what `ask` makes of the number.
async fn storm<'a, F>(asks: usize, ask: impl Fn(usize) -> F) -> Vec<(u16, Value, u64)>
where
    F: Future<Output = (u16, Value, u64)> + 'a,
{
    let next = AtomicUsize::new(0);
    let clients = (0..CLIENTS).map(async |_| {
        let mut answers = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= asks {
                return answers;
            }
            answers.push(ask(number).await);
        }
    });
    join_all(clients).await.into_iter().flatten().collect()
}

on_both! {
    async fn a_thousand_uses_are_a_thousand_grants(database: Database) {
        let servers = servers(&database).await;
        let market = &servers[0];
        let user = market.user("Ann").await;
        let (product, entitlement, claim) = market.right(&user, json!({ "uses": 1000 })).await;
        let answers = storm(1200, async |number| {
            let market = &servers[number % servers.len()];
            // Every tenth asks under a key, and every tenth in a batch.
            let (status, text) = match number % 10 {
                0 => market.send(&user, Method::PUT, &of_user(&user, &product), Some(&format!("key {number}")), None).await,
                1 => {
                    let body = json!({ "authorizations": [{ "product_id": product, "user_id": user.id }] });
                    market.send(&user, Method::POST, "/authorizations/batch", None, Some(&body)).await
                }
                _ => market.send(&user, Method::PUT, &of_user(&user, &product), None, None).await,
            };
            let answer: Value = serde_json::from_str(&text).unwrap();
            match answer["results"].get(0) {
                Some(one) => (one["status"].as_u64().unwrap() as u16, one.clone(), 1),
                None => (status, answer, 1),
            }
        })
        .await;
        let mut tally = Tally::default();
        let (mut counts, mut left) = (Vec::new(), Vec::new());
        for (status, answer, quantity) in &answers {
            assert!([200, 422].contains(status), "{answer}");
            tally.add(answer, *quantity);
            if *status == 200 {
                counts.push(answer["authorization_count"].as_u64().unwrap());
                left.push(answer["remaining_uses"].as_u64().unwrap());
            }
        }
        assert_eq!((tally.of("granted"), tally.of("uses_exhausted")), ((1000, 1000), (200, 200)), "{tally:?}");
        tally.is_recorded(market).await;
        assert_eq!(market.count(&format!("/entitlements/{entitlement}")).await, 1000);
        assert_eq!(market.count(&format!("/entitlements/{entitlement}/claims/{claim}")).await, 1000);
        // Each grant is told its own place.
        counts.sort_unstable();
        left.sort_unstable();
        assert_eq!(counts, (1..=1000).collect::<Vec<_>>());
        assert_eq!(left, (0..1000).collect::<Vec<_>>());
    }

    async fn claims_on_one_right_never_take_more_than_it_has(database: Database) {
        let servers = servers(&database).await;
        let market = &servers[0];
        let users = join_all((0..6).map(|number| market.user(["Ann", "Bob", "Cid", "Dan", "Eve", "Fay"][number]))).await;
        let (product, entitlement, _) = market.right(&users[0], json!({ "uses": 1000 })).await;
        // A second right, which is found by passing on from the first.
        let offer = market.offer(&product, json!({ "uses": 300, "expiry": "relative_date", "days_valid": 99999 })).await;
        let other = market.entitlement(&users[0], &offer, "2020-01-01").await;
        let group = market.id("/groups", json!({ "name": "All" })).await;
        market.claim(&other, "Group", &group).await;
        for user in &users {
            if user.id != users[0].id {
                market.claim(&entitlement, "User", &user.id).await;
            }
            market.id(&format!("/groups/{group}/members"), json!({ "user_id": user.id })).await;
        }
        let answers = storm(420, async |number| {
            let (market, user) = (&servers[number % servers.len()], &users[number % users.len()]);
            let quantity = number as u64 % 7 + 1;
            let (status, answer) = market.ask(user, Method::PUT, &format!("{}?quantity={quantity}", of_user(user, &product))).await;
            (status, answer, quantity)
        })
        .await;
        let mut tally = Tally::default();
        let mut by_right: HashMap<String, u64> = HashMap::new();
        let mut by_claim: HashMap<String, u64> = HashMap::new();
        for (status, answer, quantity) in &answers {
            assert!([200, 422].contains(status), "{answer}");
            tally.add(answer, *quantity);
            if *status == 200 {
                *by_right.entry(answer["entitlement_id"].as_str().unwrap().into()).or_default() += quantity;
                *by_claim.entry(answer["path"].as_str().unwrap().into()).or_default() += quantity;
            }
        }
        tally.is_recorded(market).await;
        // All that was asked for is more than there is, and what is left is less than anybody could not have been given.
        let (first, second) = (by_right[&entitlement], by_right[&other]);
        assert!((994..=1000).contains(&first) && (294..=300).contains(&second), "{first} {second} {tally:?}");
        for (id, uses) in [(&entitlement, first), (&other, second)] {
            assert_eq!(market.count(&format!("/entitlements/{id}")).await, uses);
        }
        for (path, uses) in by_claim {
            assert_eq!(market.count(&path).await, uses, "{path}");
        }
    }

    async fn rights_that_change_meanwhile_are_counted_all_the_same(database: Database) {
        let servers = servers(&database).await;
        let market = &servers[0];
        let user = market.user("Ann").await;
        let product = market.product("Planner").await;
        let license = market.license(json!({ "uses": 100_000 })).await;
        let offer = market.id(&format!("/products/{product}/licenses"), json!({ "license_id": license })).await;
        let stays = market.entitlement(&user, &offer, "2020-01-01").await;
        market.claim(&stays, "User", &user.id).await;
        let child = market.product("Child").await;
        market.id("/sub_products", json!({ "parent_id": product, "child_id": child })).await;

        let done = AtomicUsize::new(0);
        let send = async |method: Method, path: String, body: Value| {
            let (status, answer) = servers[done.load(Ordering::SeqCst) % servers.len()].server.send(method, &path, body).await;
            assert!(status.as_u16() < 500 || status == 503, "{path}: {answer}");
            (status.as_u16(), answer)
        };
        let busy = || done.load(Ordering::SeqCst) < 600;
        let (stays, user_, product_, child_) = (&stays, &user, &product, &child);
        let asking = storm(600, async |number| {
            done.fetch_add(1, Ordering::SeqCst);
            let market = &servers[number % servers.len()];
            let other = if number % 2 == 0 { product_ } else { child_ };
            if number % 9 == 0 {
                // Several rights in one transaction, in either order.
                let mut items = vec![json!({ "product_id": product_, "user_id": user_.id }), json!({ "product_id": child_, "user_id": user_.id })];
                if number % 2 == 0 {
                    items.reverse();
                }
                let (status, text) = market.send(user_, Method::POST, "/authorizations/batch", None, Some(&json!({ "authorizations": items }))).await;
                return (status, serde_json::from_str(&text).unwrap(), 1);
            }
            let (status, answer) = market.authorize(user_, other).await;
            (status, answer, 1)
        });
        // Rights that end sooner, and so are chosen first, come and go; so do their claims, users and the family.
        let rights = async {
            let mut chosen = Vec::new();
            while chosen.is_empty() || busy() {
                let terms = json!({ "expiry": "relative_date", "days_valid": 99999 });
                let offer = market.offer(product_, terms).await;
                let other = market.user("Bob").await;
                let owner = if done.load(Ordering::SeqCst).is_multiple_of(2) { &other } else { user_ };
                let body = json!({ "user_id": owner.id, "product_license_id": offer, "valid_from": "2020-01-01" });
                let entitlement = send(Method::POST, "/entitlements".into(), body).await.1["id"].as_str().unwrap().to_owned();
                let body = json!({ "claimant_type": "User", "claimant_id": user_.id });
                let (_, claim) = send(Method::POST, format!("/entitlements/{entitlement}/claims"), body).await;
                let (status, answer) = market.authorize(user_, product_).await;
                assert_eq!(answer["entitlement_id"], *entitlement, "the soonest to end is chosen: {answer}");
                chosen.push((status, answer, 1));
                let gone = match done.load(Ordering::SeqCst) % 4 {
                    0 => format!("/users/{}", other.id),
                    1 => claim["path"].as_str().unwrap().to_owned(),
                    2 => format!("/entitlements/{entitlement}"),
                    _ => format!("/products/{product_}/licenses/{offer}"),
                };
                send(Method::DELETE, format!("{gone}?force=true"), json!({})).await;
                send(Method::DELETE, format!("/entitlements/{entitlement}?force=true"), json!({})).await;
            }
            chosen
        };
        let terms = async {
            let mut uses = 100_000;
            while busy() {
                uses += 1;
                send(Method::PUT, format!("/licenses/{license}"), json!({ "uses": uses })).await;
                send(Method::PUT, format!("/entitlements/{stays}"), json!({ "valid_from": "2020-01-02" })).await;
                send(Method::PUT, format!("/entitlements/{stays}"), json!({ "valid_from": "2020-01-01" })).await;
                let body = json!({ "claimant_type": "User", "claimant_id": market.user("Cid").await.id });
                let (status, claim) = send(Method::POST, format!("/entitlements/{stays}/claims"), body).await;
                assert_eq!(status, 201, "{claim}");
                send(Method::DELETE, claim["path"].as_str().unwrap().into(), json!({})).await;
            }
        };
        let (mut answers, chosen, ()) = tokio::join!(asking, rights, terms);
        answers.extend(chosen);
        let mut tally = Tally::default();
        let mut of_the_one = 0;
        for (status, answer, _) in &answers {
            assert_eq!(*status, 200, "there is always one: {answer}");
            let each = answer["results"].as_array().map_or_else(|| std::slice::from_ref(answer), Vec::as_slice);
            for one in each {
                tally.add(one, 1);
                of_the_one += u64::from(one["entitlement_id"] == **stays);
            }
        }
        assert_eq!(tally.0.keys().collect::<Vec<_>>(), ["granted"], "{tally:?}");
        tally.is_recorded(market).await;
        assert_eq!(market.count(&format!("/entitlements/{stays}")).await, of_the_one);
    }

    async fn a_right_taken_away_meanwhile_is_refused_for_what_it_is(database: Database) {
        let servers = servers(&database).await;
        let market = &servers[0];
        let user = market.user("Ann").await;
        let product = market.product("Planner").await;
        let offer = market.offer(&product, json!({})).await;
        for _ in 0..8 {
            let entitlement = market.entitlement(&user, &offer, "2020-01-01").await;
            market.claim(&entitlement, "User", &user.id).await;
            let asking = storm(160, async |number| {
                let (status, answer) = servers[number % servers.len()].authorize(&user, &product).await;
                (status, answer, 1)
            });
            let path = format!("/entitlements/{entitlement}?force=true");
            let deleting = market.server.send(Method::DELETE, &path, json!({}));
            let (answers, (status, _)) = tokio::join!(asking, deleting);
            assert_eq!(status, 200);
            // Without a limit nothing is ever used up.
            for (_, answer, _) in answers {
                assert!(answer["outcome"] == "granted" || answer["reason"] == "no_claim", "{answer}");
            }
        }
    }

    async fn who_hangs_up_stops_nobody(database: Database) {
        let market = Market::open(&database).await;
        let user = market.user("Ann").await;
        let (product, entitlement, _) = market.right(&user, json!({})).await;
        let path = of_user(&user, &product);
        let hasty = |number: u64| {
            let asking = market.send(&user, Method::PUT, &path, None, None);
            tokio::time::timeout(std::time::Duration::from_micros(number * 100), asking)
        };
        let patient = join_all((0..60).map(|_| market.authorize(&user, &product)));
        let (hung_up, answers) = tokio::join!(join_all((0..60).map(hasty)), patient);
        assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
        // Those who hung up may have been counted or not, but never without a record.
        let answered = 60 + hung_up.iter().filter(|answer| answer.is_ok()).count() as u64;
        market.authorize(&user, &product).await;
        let counted = market.count(&format!("/entitlements/{entitlement}")).await;
        assert!((answered + 1..=121).contains(&counted), "{counted} of {answered}");
        assert_eq!(market.attempts(Some("granted")).await, counted);
    }
}
