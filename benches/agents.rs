//! Many agents on one marketplace: real ones, with a runner that does nothing. How long until all have reported what they are to
//! run as running, and until all are back after the server was killed and started again; how many requests come in a second
//! at most; what the server has in memory. Run with `cargo bench --bench agents`; `MKT_BENCH_AGENTS` is a number.

#![allow(clippy::unwrap_used, clippy::print_stdout, dead_code, missing_docs)]

#[path = "agents/gate.rs"]
mod gate;
#[path = "support/process.rs"]
mod process;

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use gate::Gate;
use mkt::agent::{Agent, Idle, Operator, Runner, Settings, State, Trust};
use mkt::client::Client;
use mkt::core::db::{Db, Statement, Wait};
use mkt::core::secret::Secret;
use mkt::core::signing::SigningKey;
use process::{Process, TOKEN};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// For how long the server is away.
const AWAY: Duration = Duration::from_secs(30);
/// For how long nothing happens, to see what agents cost then.
const IDLE: Duration = Duration::from_secs(60);

fn main() {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let number = std::env::var("MKT_BENCH_AGENTS").map_or(2000, |text| text.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(measure(number));
    runtime.shutdown_background();
}

async fn measure(number: usize) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("bench.db").display());
    let server = Process::server(&url, folder.path());
    let gate = Gate::to(&server.address).await;
    let market = Market { http: reqwest::Client::new(), address: gate.address.clone() };
    let db = Db::open(&url.parse().unwrap(), Wait::No).await.unwrap();
    let (build, user) = market.product_and_user().await;
    let platforms: Vec<(Uuid, SigningKey)> =
        stream::iter(0..number).map(|number| market.platform(&user, &build, number)).buffered(16).collect().await;
    let empty = server.memory().0;
    println!(
        "{number} agents, each with an instance\n{:<34}{:>9}{:>12}{:>12}{:>9}{:>9}",
        "", "seconds", "requests", "peak/s", "cpu s", "MiB"
    );

    let (begun, spent) = (Instant::now(), server.cpu());
    gate.count();
    for (platform, key) in platforms {
        let client = Client::new(gate.address.parse().unwrap(), None).unwrap();
        let settings = Settings {
            client,
            platform,
            key,
            state: State::passing(),
            operator: Operator::default(),
            trust: Trust::default(),
            runner: Runner::Idle(Idle::default()),
        };
        let agent = Agent::new(settings);
        tokio::spawn(async move { agent.run(std::future::pending()).await.unwrap() });
    }
    let took = until(&db, number, "running", begun).await;
    report("all at once: all run", took, &gate, server.cpu() - spent, &server);

    let spent = server.cpu();
    gate.count();
    sleep(IDLE).await;
    report("nothing happens", IDLE, &gate, server.cpu() - spent, &server);

    // All instances are to rest, which nobody hears of: the server dies with the change.
    drop(server);
    gate.cut();
    sleep(AWAY).await;
    gate.count();
    let server = Process::server(&url, folder.path());
    let begun = Instant::now();
    gate.turn_to(&server.address);
    // The benchmark's own requests go around the gate, and are not counted.
    let market = Market { http: reqwest::Client::new(), address: server.address.clone() };
    market.want_all(&user, "stopped").await;
    let took = until(&db, number, "stopped", begun).await;
    report(&format!("server back after {} s: all reconciled", AWAY.as_secs()), took, &gate, server.cpu(), &server);
    println!("the server's memory without agents: {empty:.0} MiB");
}

fn report(what: &str, took: Duration, gate: &Gate, cpu: Duration, server: &Process) {
    let (requests, peak) = gate.counted();
    println!(
        "{what:<34}{:>9.1}{requests:>12}{peak:>12}{:>9.1}{:>9.0}",
        took.as_secs_f64(),
        cpu.as_secs_f64(),
        server.memory().0
    );
}

/// The marketplace, as its administrator has it.
struct Market {
    http: reqwest::Client,
    address: String,
}

impl Market {
    async fn send(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.http.request(method, format!("{}{path}", self.address)).bearer_auth(TOKEN);
        let response = request.json(&body).send().await.unwrap();
        let (status, answer) = (response.status(), response.json::<Value>().await.unwrap());
        assert!(status.is_success(), "{path}: {answer}");
        answer
    }

    async fn make(&self, path: &str, body: Value) -> String {
        self.send(Method::POST, path, body).await["id"].as_str().unwrap().to_owned()
    }

    /// A build that needs nothing, and a user who may use it.
    async fn product_and_user(&self) -> (String, String) {
        let mut manifest: Value = serde_json::from_str(include_str!("../docs/example/marketplace.json")).unwrap();
        manifest["product"]["build"]["requires"] = json!([]);
        for configuration in manifest["configuration"].as_array_mut().unwrap() {
            for task in configuration["task"].as_array_mut().unwrap() {
                task["environment"] = json!([]);
            }
        }
        self.send(Method::POST, "/packages", manifest.clone()).await;
        let user = self.make("/users", json!({ "name": "Owner" })).await;
        let product = manifest["product"]["uuid"].as_str().unwrap();
        let offers = self.send(Method::GET, &format!("/products/{product}/licenses"), Value::Null).await;
        let offer = &offers["results"][0]["id"];
        let entitlement = json!({ "user_id": user, "product_license_id": offer, "valid_from": "2020-01-01" });
        let entitlement = self.make("/entitlements", entitlement).await;
        let claim = json!({ "claimant_type": "User", "claimant_id": user });
        self.make(&format!("/entitlements/{entitlement}/claims"), claim).await;
        (manifest["product"]["build"]["uuid"].as_str().unwrap().to_owned(), user)
    }

    /// A platform with its key and an instance.
    async fn platform(&self, user: &str, build: &str, number: usize) -> (Uuid, SigningKey) {
        let pem = SigningKey::generate().unwrap();
        let key = SigningKey::from_pem(&Secret::new(pem.expose())).unwrap();
        let body = json!({ "name": format!("Platform {number}"), "public_key": key.public().pem() });
        let platform = self.make(&format!("/users/{user}/platforms"), body).await;
        self.make(&format!("/users/{user}/platforms/{platform}/instances"), json!({ "build_id": build })).await;
        (platform.parse().unwrap(), key)
    }

    /// Changes what is wanted of all instances.
    async fn want_all(&self, user: &str, wanted: &str) {
        let mut platforms = Vec::new();
        for page in 1.. {
            let path = format!("/users/{user}/platforms?per_page=1000&page={page}");
            let found = self.send(Method::GET, &path, Value::Null).await;
            let ids = found["results"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
            platforms.extend(ids);
            if found["next_page"].is_null() {
                break;
            }
        }
        let change = async |platform: String| {
            let path = format!("/users/{user}/platforms/{platform}/instances");
            let found = self.send(Method::GET, &path, Value::Null).await;
            let instance = found["results"][0]["id"].as_str().unwrap();
            self.send(Method::PATCH, &format!("{path}/{instance}"), json!({ "wanted": wanted })).await;
        };
        stream::iter(platforms).map(change).buffered(16).collect::<Vec<()>>().await;
    }
}

/// Waits until so many instances are in a state, as the database has it.
async fn until(db: &Db, number: usize, state: &str, begun: Instant) -> Duration {
    loop {
        let count = Statement::new("select count(*) from instances where state = $1").bind(state);
        let found: i64 = db.scalar(count).await.unwrap();
        if found as usize >= number {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < Duration::from_secs(300), "{found} of {number}");
        sleep(Duration::from_millis(100)).await;
    }
}
