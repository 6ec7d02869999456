//! Two minutes of misfortune: servers are killed, PostgreSQL crashes, connections are cut. Whoever follows the catalogue has
//! each event once and in order all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mkt::client::Client;
use mkt::client::cable::{Followed, Position, Seen};
use mkt::core::secret::Secret;
use reqwest::Method;
use serde_json::json;
use tokio::sync::watch::{Receiver, Sender};
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

use super::kept;
use crate::support::{ADMIN_TOKEN, Cluster, Database, Proxy, Server};

/// How many follow.
const CLIENTS: usize = 200;
/// For how long things go wrong.
const MISFORTUNE: Duration = Duration::from_secs(120);
/// How long it may take until everybody has caught up.
const PATIENCE: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_dies_everybody_has_each_event_once_and_in_order() {
    let cluster = Cluster::start();
    let database = Database::at(cluster.database("faults"));
    let mut servers = vec![start(&database, "127.0.0.1:0").await];
    servers.push(start(&database, "127.0.0.1:0").await);
    let product =
        servers[0].create("/products", json!({ "name": "Albatross" })).await["id"].as_str().unwrap().to_owned();
    let addresses: Vec<String> = servers.iter().map(|server| server.url("").replace("http://", "")).collect();
    let network = Arc::new(Proxy::to(addresses.clone()).await);

    let last = Sender::new(None);
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(follow(format!("http://{}", network.address), last.subscribe()));
    }
    // Those who come later get what happened before from the log.
    let over = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn(write(addresses.clone(), product.clone(), over.clone()));

    let begun = Instant::now();
    while begun.elapsed() < MISFORTUNE {
        let random = Uuid::new_v4().as_u128();
        match random % 20 {
            0 => {
                let unlucky = (random >> 64) as usize % 2;
                servers[unlucky].kill();
                sleep(Duration::from_millis((random >> 32) as u64 % 3000)).await;
                servers[unlucky] = start(&database, &addresses[unlucky]).await;
            }
            1 if begun.elapsed() > Duration::from_secs(5) => cluster.crash(),
            _ => network.cut((random >> 64) as usize),
        }
        sleep(Duration::from_millis(150)).await;
    }
    over.store(true, Ordering::SeqCst);
    writing.await.unwrap();
    let kept = kept(&servers[0]).await;
    last.send_replace(kept.last().cloned());
    let late = sleep(PATIENCE);
    tokio::pin!(late);
    let mut done = 0;
    while done < CLIENTS {
        let (first, seen) = tokio::select! {
            client = clients.join_next() => client.unwrap().unwrap(),
            () = &mut late => panic!("{done} of {CLIENTS} have caught up with {} events", kept.len()),
        };
        let start = kept.iter().position(|id| *id == first).unwrap();
        assert!(seen == kept[start..], "a client has seen {} of {} events", seen.len(), kept.len() - start);
        done += 1;
    }
    assert!(kept.len() > 100, "{}", kept.len());
}

async fn start(database: &Database, address: &str) -> Server {
    Server::start_with(database, &["--listen", address, "--max-sockets", "1000"], &[]).await
}

/// Changes a product for all to see, and back, over whichever server answers.
async fn write(addresses: Vec<String>, product: String, over: Arc<AtomicBool>) {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
    for turn in 0usize.. {
        if over.load(Ordering::SeqCst) {
            return;
        }
        let verb = if turn % 2 == 0 { "publish" } else { "unpublish" };
        let url = format!("http://{}/products/{product}/{verb}", addresses[turn / 2 % 2]);
        // What fails is tried again in another turn; whether it was done is for the log to say.
        let _ = http.request(Method::POST, url).bearer_auth(ADMIN_TOKEN).send().await;
        sleep(Duration::from_millis(30)).await;
    }
}

/// Follows the catalogue until the last event is seen, and answers the first and all that were.
async fn follow(server: String, mut last: Receiver<Option<String>>) -> (String, Vec<String>) {
    let client = Client::new(server.parse().unwrap(), Some(Secret::new(ADMIN_TOKEN))).unwrap();
    let mut seen: Vec<String> = Vec::new();
    let mut watch = client.watch(Followed::Catalog, Position::default());
    loop {
        if last.borrow().as_ref().is_some_and(|last| seen.last() == Some(last)) {
            return (seen[0].clone(), seen);
        }
        let next = tokio::select! {
            next = watch.next() => next,
            _ = last.changed() => continue,
        };
        match next {
            Ok(Seen::Event { event, .. }) => seen.push(event.id.to_string()),
            Ok(Seen::Interrupted { .. } | Seen::Resumed) => {}
            // It has not worked yet, and may: the servers are being killed.
            Err(_) if seen.is_empty() => watch = client.watch(Followed::Catalog, Position::default()),
            Err(failure) => panic!("{failure:?}"),
        }
    }
}
