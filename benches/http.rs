//! Requests per second and latency on both databases with a large catalogue, beside a bare axum handler that answers the
//! same bytes from memory, and beside `pgbench` with the same SQL. Run with `cargo bench --bench http`; PostgreSQL is
//! started by `tests/postgres`. `MKT_BENCH_PRODUCTS` makes the catalogue smaller or larger.

#![allow(clippy::unwrap_used, clippy::print_stdout, dead_code, missing_docs)]

#[path = "http/catalogue.rs"]
mod catalogue;
#[path = "support/load.rs"]
mod load;
#[path = "support/pgbench.rs"]
mod pgbench;
#[path = "support/process.rs"]
mod process;

use std::cell::Cell;
use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use catalogue::Words;
use load::{Requests, get, load};
use mkt::core::db::{Db, Wait};
use process::{Cluster, Process, TOKEN, bare};
use serde_json::{Value, json};
use uuid::Uuid;

const CONNECTIONS: usize = 16;
const MEASURED: Duration = Duration::from_secs(2);

fn main() {
    if let Some(file) = std::env::args().skip_while(|argument| argument != "--bare").nth(1) {
        return bare(&std::fs::read(file).unwrap());
    }
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let products = std::env::var("MKT_BENCH_PRODUCTS").map_or(100_000, |number| number.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    measure_start();
    let cluster = Cluster::start();
    let file = format!("sqlite:{}", folder.path().join("bench.db").display());
    let postgres = cluster.database();
    println!(
        "\n{products} products, {} s each; alone: one connection, together: {CONNECTIONS}\n{:<10}{:<34}{:>9}{:>9}{:>9}{:>9}{:>9}{:>8}{:>9}{:>8}",
        MEASURED.as_secs(),
        "database",
        "request",
        "alone ms",
        "p99",
        "together",
        "p99",
        "req/s",
        "of bare",
        "pgbench",
        "of it"
    );
    let (on_sqlite, on_postgres) = runtime
        .block_on(async { tokio::join!(fill("sqlite", &file, products), fill("postgres", &postgres, products)) });
    // What autovacuum does a minute later.
    cluster.run("vacuum analyze");
    runtime.block_on(measure_database("sqlite", &file, on_sqlite, products, folder.path(), None));
    runtime.block_on(measure_database("postgres", &postgres, on_postgres, products, folder.path(), Some(&cluster)));
}

/// Fills a database and answers the ids of what is published.
async fn fill(name: &str, url: &str, products: usize) -> Vec<Uuid> {
    let begun = Instant::now();
    let db = Db::open(&url.parse().unwrap(), Wait::No).await.unwrap();
    let ids = catalogue::fill(&db, products).await;
    db.close().await;
    println!("{name:<10}filled in {:.0} s, {} published", begun.elapsed().as_secs_f64(), ids.len());
    ids
}

async fn measure_database(
    name: &str,
    url: &str,
    ids: Vec<Uuid>,
    products: usize,
    folder: &Path,
    cluster: Option<&Cluster>,
) {
    let server = Process::server(url, folder);
    let bench = Bench { name, server, folder, cluster };
    let user = bench.user().await;
    println!("{name:<10}memory at the start: {:.0} MB", bench.server.memory().0);

    let page_5000 = format!("/products?per_page=10&page={}", (products / 20).max(1));
    for (label, path) in [
        ("index, page 1", "/products?per_page=10"),
        ("  sorted by updated_at", "/products?per_page=10&sort=updated_at&order=descending"),
        ("  of a media type, by created_at", "/products?per_page=10&mime_type=text/cql&sort=created_at&order=desc"),
        ("  of a language", "/products?per_page=10&locale=zh"),
        ("  of a part of the name", "/products?per_page=10&name=cardio"),
        ("  page 5,000", &page_5000),
        ("search: frequent word", "/products?per_page=10&text=health"),
        ("search: one letter", "/products?per_page=10&text=c"),
        ("search: rare word", "/products?per_page=10&text=code7777"),
        ("search: two words", "/products?per_page=10&text=patient%20cardio"),
        ("search: sorted by created_at", "/products?per_page=10&text=health&sort=created_at"),
    ] {
        // An address that nobody has asked for is in no cache.
        let asked = |token: Option<String>| -> Requests {
            let path = path.to_owned();
            Arc::new(move |turn| get(&format!("{path}&nonce={turn}"), token.as_deref()))
        };
        bench.measure(label, asked(Some(TOKEN.to_owned()))).await;
        bench.measure("    by a user", asked(Some(user.clone()))).await;
        bench.measure("    anonymous", asked(None)).await;
    }
    let path = "/products?per_page=10";
    bench.measure("index, page 1, anonymous, cached", Arc::new(move |_| get(path, None))).await;
    let token = user.clone();
    bench.measure("    by a user", Arc::new(move |_| get(path, Some(&token)))).await;
    let item = |token: Option<String>| -> Requests {
        let ids = ids.clone();
        // Far from one another, and each only once.
        Arc::new(move |turn| get(&format!("/products/{}", ids[turn * 7919 % ids.len()]), token.as_deref()))
    };
    bench.measure("item, distinct ids", item(Some(TOKEN.to_owned()))).await;
    bench.measure("    by a user", item(Some(user))).await;
    bench.measure("    anonymous", item(None)).await;
    bench.walk(products).await;
    bench.create(products).await;
    let (now, most) = bench.server.memory();
    println!("{name:<10}memory after all of this: {now:.0} MB, at most {most:.0} MB");
}

struct Bench<'a> {
    name: &'a str,
    server: Process,
    folder: &'a Path,
    cluster: Option<&'a Cluster>,
}

impl Bench<'_> {
    async fn measure(&self, label: &str, requests: Requests) {
        let first = requests(0);
        let http = reqwest::Client::new();
        let turn = Cell::new(100_000_000);
        // Each is another, so that none is answered without the database.
        let ask = async || {
            let request = requests(turn.replace(turn.get() + 1));
            let path = request.split(' ').nth(1).unwrap();
            let token = request.split("Bearer ").nth(1).and_then(|rest| rest.lines().next());
            let request = http.get(format!("{}{path}", self.server.address));
            let request = match token {
                Some(token) => request.bearer_auth(token),
                None => request,
            };
            request.send().await.unwrap().bytes().await.unwrap()
        };
        let file = self.folder.join("body");
        std::fs::write(&file, ask().await).unwrap();
        let bare = Process::bare(&file);
        let floor = load(&bare.address, CONNECTIONS, MEASURED / 3, requests.clone()).await;
        drop(bare);
        let alone = load(&self.server.address, 1, MEASURED, requests.clone()).await;
        let together = load(&self.server.address, CONNECTIONS, MEASURED, requests.clone()).await;
        let of_sql = match self.cluster.filter(|_| first.contains("Bearer")) {
            Some(cluster) => {
                let statements = pgbench::statements(cluster, async || drop(ask().await)).await;
                let rate = pgbench::rate(cluster, &statements, CONNECTIONS, MEASURED.as_secs());
                format!("{rate:>9.0}{:>7.0}%", 100.0 * together.rate / rate)
            }
            None => String::new(),
        };
        println!(
            "{:<10}{label:<34}{:>9.2}{:>9.2}{:>9.2}{:>9.2}{:>9.0}{:>7.1}%{of_sql}",
            self.name,
            alone.p50,
            alone.p99,
            together.p50,
            together.p99,
            together.rate,
            100.0 * together.rate / floor.rate
        );
    }

    /// A user who may what every user may, by a token.
    async fn user(&self) -> String {
        let http = reqwest::Client::new();
        let post = async |path: &str, body: Value| {
            let request = http.post(format!("{}{path}", self.server.address)).bearer_auth(TOKEN).json(&body);
            request.send().await.unwrap().json::<Value>().await.unwrap()
        };
        let user = post("/users", json!({ "name": "Reader" })).await;
        let body = json!({ "name": "reader", "expires_at": "2999-01-01" });
        let token = post(&format!("{}/tokens", user["path"].as_str().unwrap()), body).await;
        token["token"].as_str().unwrap().to_owned()
    }

    /// All products by cursor, a thousand at a time.
    async fn walk(&self, products: usize) {
        let http = reqwest::Client::new();
        let (mut cursor, mut seen, mut longest) = (String::new(), HashSet::new(), Duration::ZERO);
        let begun = Instant::now();
        loop {
            let sent = Instant::now();
            let address = format!("{}/products?per_page=1000&cursor={cursor}", self.server.address);
            let page: Value = http.get(address).bearer_auth(TOKEN).send().await.unwrap().json().await.unwrap();
            longest = longest.max(sent.elapsed());
            for product in page["results"].as_array().unwrap() {
                assert!(seen.insert(product["id"].as_str().unwrap().to_owned()), "{product} was seen twice");
            }
            match page["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(seen.len(), products);
        println!(
            "{:<10}walk by cursor, 1,000 a page: {} products in {:.1} s, the slowest page {:.0} ms",
            self.name,
            seen.len(),
            begun.elapsed().as_secs_f64(),
            longest.as_secs_f64() * 1000.0
        );
    }

    async fn create(&self, products: usize) {
        let mut words = Words::new(11);
        let bodies: Vec<String> = (0..20_000).map(|number| words.product(products + number).to_string()).collect();
        let next = std::sync::atomic::AtomicUsize::new(0);
        let requests: Requests = Arc::new(move |_| {
            let body = &bodies[next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)];
            format!(
                "POST /products HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {TOKEN}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        });
        let alone = load(&self.server.address, 1, MEASURED, requests.clone()).await;
        let together = load(&self.server.address, CONNECTIONS, MEASURED, requests.clone()).await;
        println!(
            "{:<10}{:<34}{:>9.2}{:>9.2}{:>9.2}{:>9.2}{:>9.0}",
            self.name, "create a product", alone.p50, alone.p99, together.p50, together.p99, together.rate
        );
    }
}

/// How long an empty folder takes to become a marketplace that answers, and `--help` to be printed.
fn measure_start() {
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let server = Process::server(&format!("sqlite:{}", folder.path().join("start.db").display()), folder.path());
    let mut stream = std::net::TcpStream::connect(server.address.trim_start_matches("http://")).unwrap();
    std::io::Write::write_all(&mut stream, b"GET /status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    println!("empty folder to first /status: {} ms", begun.elapsed().as_millis());
    let begun = Instant::now();
    for _ in 0..20 {
        assert!(
            Command::new(env!("CARGO_BIN_EXE_mkt")).arg("--help").stdout(Stdio::null()).status().unwrap().success()
        );
    }
    println!("mkt --help: {:.1} ms", begun.elapsed().as_secs_f64() * 1000.0 / 20.0);
}
