//! Killed in the middle of a stream of authorizations: what was answered is on disk, and who tries again under the same key
//! is not counted twice.

use std::collections::{BTreeMap, HashSet};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;

use super::market::{Market, User, of_user};
use crate::support::{Database, on_both};

/// How many clients ask at a time, half of them under keys.
const CLIENTS: usize = 16;
/// After how many grants the server is killed.
const GRANTS: u64 = 120;

/// What a client was answered, by the key of the request, or nothing where the answer did not come.
type Answered = BTreeMap<String, Option<String>>;

/// Asks again and again until the server is gone.
async fn ask(market: &Market, user: &User, path: &str, client: usize, keyed: bool) -> Answered {
    let mut answered = Answered::new();
    loop {
        let key = format!("{client}-{}", answered.len());
        let request = market.server.anonymous(Method::PUT, path).bearer_auth(&user.token);
        let request = if keyed { request.header("idempotency-key", &key) } else { request };
        let answer = match request.send().await {
            Ok(response) => response.text().await.ok(),
            Err(_) => None,
        };
        let gone = answer.is_none();
        answered.insert(key, answer);
        if gone {
            return answered;
        }
    }
}

fn attempt(answer: &str) -> String {
    let answer: Value = serde_json::from_str(answer).unwrap();
    assert_eq!(answer["outcome"], "granted", "{answer}");
    answer["attempt_id"].as_str().unwrap().to_owned()
}

/// The ids of all attempts of a user, all granted, for so many uses in all.
async fn recorded(market: &Market, user: &User) -> (HashSet<String>, u64) {
    let (mut ids, mut uses) = (HashSet::new(), 0);
    for page in 1.. {
        let listed = market.server.get(&format!("/attempts?claimant_id={}&per_page=1000&page={page}", user.id)).await;
        for attempt in listed["results"].as_array().unwrap() {
            assert_eq!(attempt["outcome"], "granted", "{attempt}");
            assert!(ids.insert(attempt["id"].as_str().unwrap().to_owned()));
            uses += attempt["quantity"].as_u64().unwrap();
        }
        if listed["next_page"].is_null() {
            break;
        }
    }
    (ids, uses)
}

on_both! {
    async fn a_server_killed_while_authorizing_loses_and_repeats_nothing(database: Database) {
        let mut market = Market::open(&database).await;
        let (plain, keyed) = (market.user("Ann").await, market.user("Bob").await);
        let mut rights = Vec::new();
        for user in [&plain, &keyed] {
            let (product, entitlement, claim) = market.right(user, serde_json::json!({ "uses": 1_000_000 })).await;
            rights.push((of_user(user, &product), format!("/entitlements/{entitlement}"), format!("/entitlements/{entitlement}/claims/{claim}")));
        }
        let mut answers: [Answered; 2] = Default::default();
        for round in 0..2 {
            let asking = join_all((0..CLIENTS).map(|client| {
                let (which, user) = if client % 2 == 0 { (0, &plain) } else { (1, &keyed) };
                let path = format!("{}?quantity={}", rights[which].0, which + 1);
                let market = &market;
                async move { (which, ask(market, user, &path, client + round * CLIENTS, which == 1).await) }
            }));
            let killing = async {
                while market.attempts(None).await < GRANTS * (round as u64 + 1) {
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
                market.server.kill_now();
            };
            let (asked, ()) = tokio::join!(asking, killing);
            asked.into_iter().for_each(|(which, more)| answers[which].extend(more));
            market = Market::open(&database).await;
        }
        // Whoever had a key asks again, with and without having been answered.
        let again = join_all(answers[1].keys().map(|key| {
            async { (key.clone(), market.send(&keyed, Method::PUT, &format!("{}?quantity=2", rights[1].0), Some(key), None).await) }
        })).await;
        for (key, (status, answer)) in again {
            assert_eq!(status, 200, "{answer}");
            match answers[1].insert(key, Some(answer.clone())).flatten() {
                Some(first) => assert_eq!(answer, first),
                None => drop(attempt(&answer)),
            }
        }
        for (which, user) in [&plain, &keyed].into_iter().enumerate() {
            let (ids, uses) = recorded(&market, user).await;
            let answered: Vec<_> = answers[which].values().flatten().map(|answer| attempt(answer)).collect();
            assert!(answered.iter().all(|id| ids.contains(id)), "what was answered is recorded");
            assert_eq!(market.count(&rights[which].1).await, uses);
            assert_eq!(market.count(&rights[which].2).await, uses);
            // At most those whose answer was cut off are there besides.
            assert!((answered.len()..=answers[which].len()).contains(&ids.len()));
            if which == 1 {
                assert_eq!(ids.len(), answers[1].len(), "each key is counted once");
            }
        }
    }
}
