//! Requests per second and latency of reads, on both databases, beside a bare axum handler that answers the same bytes
//! from memory. Run with `cargo bench --bench http`; PostgreSQL is started by `tests/postgres`.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PRODUCTS: usize = 100;
const CONNECTIONS: usize = 16;
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(5);
const TOKEN: &str = "administrator-token-of-the-benchmark";

fn main() {
    if let Some(file) = std::env::args().skip_while(|argument| argument != "--bare").nth(1) {
        return bare(&std::fs::read(file).unwrap());
    }
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!("{CONNECTIONS} connections, {} s each, {PRODUCTS} products", MEASURED.as_secs());
    println!(
        "{:<10}{:<22}{:>8}{:>9}{:>9}{:>12}{:>10}{:>9}",
        "database", "request", "req/s", "p50 ms", "p99 ms", "bare req/s", "of bare", "RSS MB"
    );
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::start();
    for (name, url) in [
        ("sqlite", format!("sqlite:{}", folder.path().join("bench.db").display())),
        ("postgres", cluster.url.replace("/postgres", "/bench")),
    ] {
        runtime.block_on(measure_database(name, &url, folder.path()));
    }
    measure_start();
}

async fn measure_database(name: &str, url: &str, folder: &std::path::Path) {
    let server = Process::server(url);
    let products = fill(&server.address).await;
    let item = format!("/products/{}", products[PRODUCTS / 2]);
    let requests = [
        ("products?per_page=10", "/products?per_page=10", None),
        ("  signed in", "/products?per_page=10", Some(TOKEN)),
        ("products/{id}", &item, None),
        ("  signed in", &item, Some(TOKEN)),
        ("products?text=", "/products?text=number", None),
        ("  signed in", "/products?text=number", Some(TOKEN)),
    ];
    for (label, path, token) in requests {
        let body = reqwest::get(format!("{}{path}", server.address)).await.unwrap().bytes().await.unwrap();
        let file = folder.join("body");
        std::fs::write(&file, &body).unwrap();
        let bare = Process::bare(&file);
        let floor = load(&bare.address, path, None).await;
        drop(bare);
        let measured = load(&server.address, path, token).await;
        println!(
            "{name:<10}{label:<22}{:>8.0}{:>9.2}{:>9.2}{:>12.0}{:>9.1}%{:>9.1}",
            measured.rate,
            measured.p50,
            measured.p99,
            floor.rate,
            100.0 * measured.rate / floor.rate,
            server.memory()
        );
    }
}

/// How long an empty folder takes to become a marketplace that answers, and `--help` to be printed.
fn measure_start() {
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let server = Process::server(&format!("sqlite:{}", folder.path().join("start.db").display()));
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

/// Publishes products and answers their ids.
async fn fill(address: &str) -> Vec<String> {
    let http = reqwest::Client::new();
    let mut ids = Vec::new();
    for number in 0..PRODUCTS {
        let product = json!({ "name": format!("Product number {number:05}"), "description": "Made for measuring. ".repeat(10), "locale": "en" });
        let request = http.post(format!("{address}/products")).bearer_auth(TOKEN).json(&product);
        let made: Value = request.send().await.unwrap().json().await.unwrap();
        let id = made["id"].as_str().unwrap().to_owned();
        let request = http.post(format!("{address}/products/{id}/publish")).bearer_auth(TOKEN);
        assert!(request.send().await.unwrap().status().is_success());
        ids.push(id);
    }
    ids
}

struct Measured {
    rate: f64,
    p50: f64,
    p99: f64,
}

/// Keeps all connections busy, each with one request at a time.
async fn load(address: &str, path: &str, token: Option<&str>) -> Measured {
    let host = address.strip_prefix("http://").unwrap().to_owned();
    let token = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: application/json\r\n{token}\r\n");
    let start = Instant::now() + WARM_UP;
    let end = start + MEASURED;
    let clients: Vec<_> =
        (0..CONNECTIONS).map(|_| tokio::spawn(client(host.clone(), request.clone(), start, end))).collect();
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await.unwrap());
    }
    times.sort_unstable();
    let percentile = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1000.0;
    Measured { rate: times.len() as f64 / MEASURED.as_secs_f64(), p50: percentile(0.5), p99: percentile(0.99) }
}

/// A client that costs little beside the server: it writes the same bytes and reads as many as the header announces.
async fn client(host: String, request: String, start: Instant, end: Instant) -> Vec<Duration> {
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut buffer, mut times) = (vec![0; 256 * 1024], Vec::new());
    loop {
        let sent = Instant::now();
        if sent >= end {
            return times;
        }
        stream.write_all(request.as_bytes()).await.unwrap();
        let (mut filled, mut whole) = (0, usize::MAX);
        while filled < whole {
            let read = stream.read(&mut buffer[filled..]).await.unwrap();
            assert!(read > 0, "the server closed the connection");
            filled += read;
            if whole == usize::MAX {
                whole = length(&buffer[..filled]).unwrap_or(usize::MAX);
            }
        }
        assert!(buffer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&buffer[..filled]));
        if sent >= start {
            times.push(sent.elapsed());
        }
    }
}

/// How long an answer is in all, once its header is complete.
fn length(answer: &[u8]) -> Option<usize> {
    let header = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&answer[..header]).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    Some(header + 4 + value.parse::<usize>().ok()?)
}

/// Serves the same bytes from memory at every path.
fn bare(body: &[u8]) {
    let body = axum::body::Bytes::copy_from_slice(body);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("listening on http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(async move || ([("content-type", "application/json")], body.clone()));
        axum::serve(listener, router).await.unwrap();
    });
}

/// A server process, killed when dropped.
struct Process {
    child: Child,
    address: String,
}

impl Process {
    fn server(url: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mkt"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--database-url", url, "--log", "info"]);
        command.env("MKT_ADMIN_TOKEN", TOKEN).env("MKT_SECRET_KEY", "a secret key for the benchmark only");
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let address = address(child.stderr.take().unwrap());
        Self { child, address }
    }

    fn bare(file: &std::path::Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child = command.arg("--bare").arg(file).stdout(Stdio::piped()).spawn().unwrap();
        let address = address(child.stdout.take().unwrap());
        Self { child, address }
    }

    /// Resident memory in MB.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address that a process announces; what else it says is read and dropped.
fn address(output: impl std::io::Read + Send + 'static) -> String {
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let found =
        lines.find_map(|line| Some(line.split_once("listening on ")?.1.split_whitespace().next()?.to_owned())).unwrap();
    std::thread::spawn(move || lines.for_each(drop));
    found
}

/// A PostgreSQL with its durability on, stopped when dropped.
struct Cluster {
    url: String,
    folder: tempfile::TempDir,
}

impl Cluster {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let output =
            Command::new("tests/postgres").arg("start").arg(folder.path()).env("DURABLE", "1").output().unwrap();
        let url = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        assert!(!url.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { url, folder }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Command::new("tests/postgres").arg("stop").arg(self.folder.path()).status();
    }
}
