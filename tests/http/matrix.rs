//! The matrix: everybody × everything × every verb, on every way there is to reach a thing. What comes of each is told by a
//! table of its own; what somebody may not see answers, byte for byte, as what was made up.
//!
//! Some of what is hidden shows by design, to those who may write there:
//! - that a unique name, address or code is taken (422), for it is unique among all there are;
//! - that an id is taken (409), of which clients choose some;
//! - how many entitlements, or products, keep something from being deleted (409), to those who may delete it;
//! - the id of what a visible record refers to, such as the product of an entitlement, and nothing of it but the id;
//! - that an event's id was given out once: those who read an event can go on after it when it is hidden by then.

mod deeds;
mod escalation;
mod indexes;
mod oracle;
mod people;
mod told;
mod world;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::json;

use self::deeds::{Deed, deeds, elsewhere};
use self::oracle::{KINDS, Kind, Outcome, asked};
use self::people::Person;
use self::world::World;
use super::cases::cases;
use super::queries::statements;
use super::{Answer, Tree, text};
use crate::support::{Database, Server, on_both};

/// How many requests are under way at once.
const AT_ONCE: usize = 32;
/// Of people's own things, how many of a kind everybody tries besides what is theirs.
const MOST: usize = 2;
/// On PostgreSQL one in so many attempts is made: the rules are in texts of SQL that both databases share.
const SHARE: usize = 4;
/// How many requests each median is of.
const TIMES: usize = 100;

on_both! {
    async fn everybody_does_what_they_may_and_sees_nothing_else(database: Database) {
        for case in cases() {
            assert!(KINDS.iter().any(|kind| kind.name == case.name), "{} is not in the oracle", case.name);
        }
        let begun = Instant::now();
        let world = World::make(&database).await;
        let made = begun.elapsed();
        let tried = tries(&world).await;
        let listed = indexes::tries(&world).await;
        let told = told::tries(&world).await;
        told::live(&world).await;
        println!(
            "{} people, {} things: {tried} deeds, {listed} indexes, {told} others; {made:?} to make, {:?} in all",
            world.people.len(),
            world.things.0.len(),
            begun.elapsed()
        );
    }

    async fn what_is_hidden_takes_the_same_statements_as_what_is_absent(database: Database) {
        let logging = ["--log", "info,sqlx::query=debug", "--log-format", "json"];
        let server = Server::start_with(&database, &logging, &[]).await;
        let tree = Tree::plant(&server, json!({ "name": "Hidden" })).await;
        let user = server.create("/users", json!({ "name": "Somebody" })).await;
        let tokens = format!("{}/tokens", text(&user, "path"));
        let token = text(&server.create(&tokens, json!({ "expires_at": "2099-01-31" })).await, "token");
        for path in &tree.items {
            for method in [Method::GET, Method::PATCH, Method::DELETE] {
                let hidden = statements(&server, &token, method.clone(), path).await;
                let absent = statements(&server, &token, method.clone(), &elsewhere(path)).await;
                assert_eq!(hidden, absent, "{method} {path}");
                assert!(!hidden.is_empty(), "{method} {path}");
            }
            print_times(&server, &token, path).await;
        }
    }
}

/// Prints how long what is hidden takes, compared with what is absent: the medians of many requests in turns.
async fn print_times(server: &Server, token: &str, path: &str) {
    let absent = elsewhere(path);
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..TIMES {
        for (path, times) in [path, absent.as_str()].into_iter().zip(&mut times) {
            let begun = Instant::now();
            assert_eq!(Answer::to(server.anonymous(Method::GET, path).bearer_auth(token)).await.status, 404);
            times.push(begun.elapsed());
        }
    }
    let [hidden, absent] = times.map(|mut times| {
        times.sort();
        times[TIMES / 2].as_secs_f64() * 1e6
    });
    println!("hidden {hidden:.0} µs, absent {absent:.0} µs, {:.2}: {path}", hidden / absent);
}

/// Tries everything once by everybody.
async fn tries(world: &World) -> usize {
    let mut attempts = Vec::new();
    for (number, thing) in world.things.0.iter().enumerate() {
        for (turn, person) in world.people.iter().enumerate().filter(|(_, person)| world.concerns(person, thing)) {
            attempts.extend(deeds(thing, number + turn).into_iter().map(|deed| (person, thing, deed)));
        }
    }
    let attempts: Vec<_> = attempts.into_iter().step_by(world.share).collect();
    let count = attempts.len();
    let faults = attempts.into_iter().map(|(person, thing, deed)| async move {
        let expected = world.things.outcome(person, deed.verb, thing);
        fault(world, person, thing.kind, &deed, expected).await
    });
    assert_no_faults(faults).await;
    count
}

/// Awaits all, some at a time, and fails with what they found.
async fn assert_no_faults(checks: impl IntoIterator<Item = impl Future<Output = Option<String>>>) {
    let faults: Vec<String> =
        stream::iter(checks).buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await;
    let some: Vec<_> = faults.iter().step_by(faults.len() / 50 + 1).map(String::as_str).collect();
    assert!(faults.is_empty(), "{} faults, such as\n{}", faults.len(), some.join("\n"));
}

/// What is wrong with the answer to an attempt, if anything.
async fn fault(world: &World, person: &Person, kind: &Kind, deed: &Deed, expected: Outcome) -> Option<String> {
    let answer = Answer::to(deed.request(&world.server, person)).await;
    let named = |what: &str| format!("the {what} {}.{}.", kind.resource, asked(deed.verb));
    let right = match expected {
        Outcome::Done => answer.status == deed.done,
        Outcome::Unknown => answer.status == 401,
        Outcome::LacksPermission => answer.status == 403 && answer.body.contains(&named("permission")),
        Outcome::LacksScope => answer.status == 403 && answer.body.contains(&named("scope")),
        Outcome::Hidden => {
            let absent = world.made_up.answer(world, person, deed).await;
            answer.status == 404 && answer.body == absent.body && answer.telling() == absent.telling()
        }
    };
    (!right).then(|| {
        let body: String = answer.body.chars().take(200).collect();
        format!("{}: {} {}: {expected:?} is {} {body}", person.name, deed.method, deed.path, answer.status)
    })
}

/// The answers about things that are not there.
#[derive(Default)]
struct MadeUp(Mutex<HashMap<String, Arc<Answer>>>);

impl MadeUp {
    /// How the same attempt is answered when all ids in it are made up.
    async fn answer(&self, world: &World, person: &Person, deed: &Deed) -> Arc<Answer> {
        let deed = deed.elsewhere();
        let key = format!("{} {} {}", person.name, deed.method, deed.path);
        if let Some(answer) = self.0.lock().unwrap().get(&key) {
            return answer.clone();
        }
        let answer = Arc::new(Answer::to(deed.request(&world.server, person)).await);
        self.0.lock().unwrap().insert(key, answer.clone());
        answer
    }
}
