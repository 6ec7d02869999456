//! Events over WebSockets: how late they come, what a connection and a delivery cost, and that none is lost, repeated or out
//! of order. Beside it a bare broadcast of the same bytes, which is the floor. Run with `cargo bench --bench cable`;
//! `MKT_BENCH_SUBSCRIBERS` is a list such as `1000,5000`.

#![allow(clippy::unwrap_used, clippy::print_stdout, dead_code, missing_docs)]

#[path = "cable/floor.rs"]
mod floor;
#[path = "support/process.rs"]
mod process;
#[path = "cable/subscriber.rs"]
mod subscriber;

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use process::{Process, TOKEN};
use reqwest::Client;
use serde_json::{Value, json};
use subscriber::{Heard, Subscriber};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// How many connections are made at a time.
const AT_ONCE: usize = 64;
/// How many events each run has, and the pause between two.
const EVENTS: usize = 40;
const PAUSE: Duration = Duration::from_millis(250);
/// How many events each of many streams has.
const ROUNDS: usize = 5;
/// For how long connections are left idle: pings and all.
const IDLE: Duration = Duration::from_secs(6);

/// What is subscribed to.
#[derive(Clone, Copy, PartialEq)]
enum Streams {
    /// All to the catalogue.
    One,
    /// Each to a product, of so many as there are events in a run.
    Many,
}

fn main() {
    if std::env::args().any(|argument| argument == "--floor") {
        return floor::serve();
    }
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let numbers = std::env::var("MKT_BENCH_SUBSCRIBERS").unwrap_or_else(|_| "1000,5000,10000".to_owned());
    println!(
        "{EVENTS} events, one each {} ms\n{:<16}{:>12}{:>12}{:>9}{:>9}{:>9}{:>13}{:>12}{:>6}{:>9}{:>6}",
        PAUSE.as_millis(),
        "",
        "subscribers",
        "KiB each",
        "p50 ms",
        "p99",
        "max",
        "µs/delivery",
        "ms/connect",
        "lost",
        "repeated",
        "order"
    );
    for number in numbers.split(',').map(|number| number.trim().parse::<usize>().unwrap()) {
        runtime.block_on(measure_floor(number));
        runtime.block_on(measure(Streams::One, number));
        runtime.block_on(measure(Streams::Many, number));
    }
}

async fn measure(streams: Streams, number: usize) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("bench.db").display());
    let server = Process::server(&url, folder.path());
    let market = Market { http: Client::new(), address: server.address.clone() };
    let products: Vec<String> = stream::iter(0..EVENTS).then(|number| market.product(number)).collect().await;
    let (before, spent) = (server.memory().0, server.cpu());
    let address = server.address.replace("http", "ws") + "/websocket";
    let identifier = |subscriber: usize| match streams {
        Streams::One => json!({ "channel": "CatalogChannel" }).to_string(),
        Streams::Many => {
            json!({ "channel": "ProductChannel", "product_id": products[subscriber % EVENTS] }).to_string()
        }
    };
    let subscribers = subscribe(number, |subscriber| Subscriber::open(&address, TOKEN, identifier(subscriber))).await;
    let connecting = server.cpu() - spent;
    let spent = server.cpu();
    sleep(IDLE).await;
    let each = (server.memory().0 - before) * 1024.0 / number as f64;
    let idle = (server.cpu() - spent).div_f64(IDLE.as_secs_f64());
    let spent = server.cpu();
    let begun = Instant::now();
    let events = if streams == Streams::One { EVENTS } else { ROUNDS };
    let listening = listen(subscribers, events);
    match streams {
        Streams::One => {
            for product in &products {
                market.publish(product).await;
                sleep(PAUSE).await;
            }
        }
        Streams::Many => {
            for round in 0..ROUNDS {
                for product in &products {
                    market.change(product, round).await;
                    sleep(PAUSE.div_f64(ROUNDS as f64)).await;
                }
            }
        }
    }
    // What the server does when nothing happens is not for the deliveries.
    let delivering = server.cpu() - spent;
    let delivering = delivering.saturating_sub(idle.mul_f64(begun.elapsed().as_secs_f64()));
    let heard = listening.await.unwrap();
    let mut expected = Vec::new();
    for product in &products {
        let stream = if streams == Streams::One { "catalog".to_owned() } else { format!("product:{product}") };
        expected.push(market.events(&stream).await);
    }
    let label = if streams == Streams::One { "one stream" } else { "many streams" };
    report(label, number, each, connecting, delivering, &heard, Some(&expected));
}

async fn measure_floor(number: usize) {
    let server = Process::floor();
    let before = server.memory().0;
    let spent = server.cpu();
    let subscribers = subscribe(number, |_| Subscriber::bare(&server.address)).await;
    let connecting = server.cpu() - spent;
    sleep(Duration::from_secs(2)).await;
    let each = (server.memory().0 - before) * 1024.0 / number as f64;
    let spent = server.cpu();
    let heard = listen(subscribers, EVENTS).await.unwrap();
    report("bare broadcast", number, each, connecting, server.cpu() - spent, &heard, None);
}

/// Opens so many.
async fn subscribe<F: Future<Output = Subscriber>>(number: usize, open: impl Fn(usize) -> F) -> Vec<Subscriber> {
    // In their order: by it is known what each has subscribed to.
    stream::iter(0..number).map(open).buffered(AT_ONCE).collect().await
}

/// Listens with all of them until each has heard as many events as there are, or nothing for a while.
fn listen(subscribers: Vec<Subscriber>, events: usize) -> tokio::task::JoinHandle<Vec<Heard>> {
    tokio::spawn(async move {
        let mut listening = JoinSet::new();
        for (number, subscriber) in subscribers.into_iter().enumerate() {
            listening.spawn(subscriber.listen(number, events));
        }
        listening.join_all().await
    })
}

fn report(
    label: &str,
    number: usize,
    each: f64,
    connecting: Duration,
    delivering: Duration,
    heard: &[Heard],
    expected: Option<&[Vec<String>]>,
) {
    let mut latencies: Vec<f64> = heard.iter().flat_map(|heard| &heard.latencies).copied().collect();
    latencies.sort_by(f64::total_cmp);
    let percentile = |part: f64| latencies.get(((latencies.len().max(1) - 1) as f64 * part) as usize).copied();
    let [half, most, all] = [0.5, 0.99, 1.0].map(|part| percentile(part).unwrap_or(f64::NAN));
    let deliveries = latencies.len().max(1) as f64;
    let faults = expected.map(|expected| {
        let mut faults = [0; 3];
        for heard in heard {
            for (fault, found) in faults.iter_mut().zip(heard.faults(&expected[heard.number % expected.len()])) {
                *fault += found;
            }
        }
        faults
    });
    let [lost, repeated, disordered] = faults.unwrap_or_default();
    println!(
        "{label:<16}{number:>12}{each:>12.1}{half:>9.1}{most:>9.1}{all:>9.1}{:>13.1}{:>12.2}{lost:>6}{repeated:>9}{disordered:>6}",
        delivering.as_secs_f64() * 1e6 / deliveries,
        connecting.as_secs_f64() * 1e3 / number as f64
    );
}

/// The marketplace that things happen in.
struct Market {
    http: Client,
    address: String,
}

impl Market {
    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.address)).bearer_auth(TOKEN).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn product(&self, number: usize) -> String {
        let product = json!({ "name": format!("Product {number}"), "visible_at": "2020-01-01T00:00:00Z" });
        self.post("/products", product).await["id"].as_str().unwrap().to_owned()
    }

    async fn publish(&self, product: &str) {
        self.post(&format!("/products/{product}/publish"), json!({})).await;
    }

    async fn change(&self, product: &str, round: usize) {
        let path = format!("{}/products/{product}", self.address);
        let change = json!({ "description": format!("Changed {round} times.") });
        self.http.patch(path).bearer_auth(TOKEN).json(&change).send().await.unwrap().error_for_status().unwrap();
    }

    /// The ids of all events of a stream, in their order.
    async fn events(&self, stream: &str) -> Vec<String> {
        let path = format!("{}/events?limit=1000&stream={stream}", self.address);
        let answer: Value = self.http.get(path).bearer_auth(TOKEN).send().await.unwrap().json().await.unwrap();
        answer["results"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
    }
}
