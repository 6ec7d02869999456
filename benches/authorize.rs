//! Authorizations per second and their latency on both databases, with 32 connections: spread over many entitlements, and
//! all on one. Beside it, `pgbench` runs the same transaction on the same PostgreSQL, with its durability on. Run with
//! `cargo bench --bench authorize`.

#![allow(clippy::unwrap_used, clippy::print_stdout, dead_code, missing_docs)]

#[path = "support/load.rs"]
mod load;
#[path = "authorize/market.rs"]
mod market;
#[path = "support/pgbench.rs"]
mod pgbench;
#[path = "support/process.rs"]
mod process;

use std::sync::Arc;
use std::time::Duration;

use load::{Requests, load};
use market::{ASKERS, Market, USERS};
use mkt::core::db::{Db, Wait};
use process::{Cluster, Process, TOKEN};

const CONNECTIONS: usize = 32;
const MEASURED: Duration = Duration::from_secs(5);

fn main() {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::start();
    let file = format!("sqlite:{}", folder.path().join("bench.db").display());
    println!(
        "{CONNECTIONS} connections, {} s each, {USERS} entitlements\n{:<10}{:<44}{:>9}{:>9}{:>10}{:>10}{:>8}",
        MEASURED.as_secs(),
        "database",
        "authorizations",
        "p50 ms",
        "p99",
        "grants/s",
        "pgbench",
        "of it"
    );
    for (name, url, cluster) in [("sqlite", file, None), ("postgres", cluster.database(), Some(&cluster))] {
        runtime.block_on(measure_database(name, &url, folder.path(), cluster));
    }
}

async fn measure_database(name: &'static str, url: &str, folder: &std::path::Path, cluster: Option<&Cluster>) {
    let db = Db::open(&url.parse().unwrap(), Wait::No).await.unwrap();
    let market = Market::fill(&db).await;
    db.close().await;
    if let Some(cluster) = cluster {
        cluster.run("vacuum analyze");
    }
    let bench = Bench { name, server: Process::server(url, folder), cluster };
    let put = |product: &str| {
        let product = product.to_owned();
        move |user: usize| {
            let path = format!("/authorizations/users/{}/products/{product}", market::user(user));
            format!("PUT {path} HTTP/1.1\r\nhost: bench\r\ncontent-length: 0\r\nauthorization: Bearer {TOKEN}\r\n")
        }
    };
    let spread = |turn: usize| turn * 7919 % USERS;
    let plain = put(&market.alone);
    bench.measure("spread", Arc::new(move |turn| plain(spread(turn)) + "\r\n")).await;
    let keyed = put(&market.alone);
    let with_key = move |turn| format!("{}idempotency-key: {}\r\n\r\n", keyed(spread(turn)), uuid::Uuid::new_v4());
    bench.measure("spread, with Idempotency-Key", Arc::new(with_key)).await;
    let one = put(&market.alone);
    bench.measure("hot: one claim", Arc::new(move |_| one(0) + "\r\n")).await;
    let shared = put(&market.shared);
    bench.measure("hot: one entitlement, a claim each", Arc::new(move |turn| shared(turn % ASKERS) + "\r\n")).await;
    for (label, product) in [("in a family of 3", &market.small), ("in a family of 10,000, 50 deep", &market.large)] {
        let family = put(product);
        bench.measure(label, Arc::new(move |turn| family(spread(turn)) + "\r\n")).await;
    }
    let check = put(&market.alone);
    let only_look = move |turn| check(spread(turn)).replacen("PUT", "GET", 1) + "\r\n";
    bench.measure("spread, only looking (GET)", Arc::new(only_look)).await;
}

struct Bench<'a> {
    name: &'static str,
    server: Process,
    cluster: Option<&'a Cluster>,
}

impl Bench<'_> {
    async fn measure(&self, label: &str, requests: Requests) {
        let measured = load(&self.server.address, CONNECTIONS, MEASURED, requests.clone()).await;
        let by_hand = match self.cluster {
            Some(cluster) => {
                let script = self.script(cluster, &requests).await;
                let rate = pgbench::rate_of(cluster, &script, CONNECTIONS, MEASURED.as_secs());
                format!("{rate:>10.0}{:>7.0}%", 100.0 * measured.rate / rate)
            }
            None => String::new(),
        };
        println!(
            "{:<10}{label:<44}{:>9.2}{:>9.2}{:>10.0}{by_hand}",
            self.name, measured.p50, measured.p99, measured.rate
        );
    }

    /// The transaction of one of the requests, for pgbench: with users as spread as those of the requests.
    async fn script(&self, cluster: &Cluster, requests: &Requests) -> String {
        let request = requests(1);
        let (method, rest) = request.split_once(' ').unwrap();
        let path = rest.split(' ').next().unwrap();
        let http = reqwest::Client::new();
        let ask = async || {
            let request = http.request(method.parse().unwrap(), format!("{}{path}", self.server.address));
            request.bearer_auth(TOKEN).send().await.unwrap().bytes().await.unwrap();
        };
        let statements = pgbench::statements(cluster, ask).await;
        let statement = statements.into_iter().find(|text| text.starts_with("with gate")).unwrap();
        // Each attempt has an id of its own.
        let (before, after) = statement
            .split_once("unnest(cast('")
            .map_or((&*statement, None), |(before, rest)| (before, rest.split_once('\'').map(|(_, after)| after)));
        let statement = match after {
            Some(after) => format!("{before}unnest(cast('{{' || gen_random_uuid() || '}}' {after}"),
            None => before.to_owned(),
        };
        let several = (0..64).map(|turn| requests(turn).lines().next().unwrap().to_owned());
        let several: std::collections::HashSet<_> = several.collect();
        let number = path.split('/').nth(3).unwrap();
        if several.len() == 1 {
            return format!("{statement};\n");
        }
        let people = if several.len() == ASKERS { ASKERS } else { USERS };
        let anybody = "cast('00000000-0000-4000-8000-' || lpad(to_hex(cast(:user as bigint)), 12, '0') as uuid)";
        let statement = statement.replace(&format!("'{number}'"), anybody);
        assert!(statement.contains(":user"), "{statement}");
        format!("\\set user random(1, {people})\n{statement};\n")
    }
}
