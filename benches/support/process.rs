//! What the benchmark starts, and stops when dropped: servers, and a PostgreSQL with its durability on.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The token of the administrator.
pub const TOKEN: &str = "administrator-token-of-the-benchmark";

/// A server process.
pub struct Process {
    child: Child,
    pub address: String,
}

impl Process {
    /// A server on a database, with its files in a folder of the benchmark's.
    pub fn server(url: &str, folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mkt"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--database-url", url, "--log", "info"]);
        command.env("MKT_ADMIN_TOKEN", TOKEN).env("MKT_SECRET_KEY", "a secret key for the benchmark only");
        command.env("MKT_STORAGE_URL", format!("file://{}", folder.join("files").display()));
        command
            .env("MKT_MAX_CONNECTIONS", "20000")
            .env("MKT_MAX_CONNECTIONS_PER_CLIENT", "20000")
            .env("MKT_MAX_SOCKETS", "20000")
            .env("MKT_RATE_LIMIT", "0");
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let address = address(child.stderr.take().unwrap());
        Self { child, address }
    }

    pub fn bare(file: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child = command.arg("--bare").arg(file).stdout(Stdio::piped()).spawn().unwrap();
        let address = address(child.stdout.take().unwrap());
        Self { child, address }
    }

    /// A bare broadcast.
    pub fn floor() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child = command.arg("--floor").stdout(Stdio::piped()).spawn().unwrap();
        let address = address(child.stdout.take().unwrap());
        Self { child, address }
    }

    /// The time that it has had of the processors.
    pub fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        // The kernel counts in hundredths of a second.
        Duration::from_millis(ticks * 10)
    }

    /// Resident memory in MB: now, and the most there was.
    pub fn memory(&self) -> (f64, f64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0 kB");
            line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
        };
        (of("VmRSS:"), of("VmHWM:"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves the same bytes from memory at every path.
pub fn bare(body: &[u8]) {
    let body = axum::body::Bytes::copy_from_slice(body);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("listening on http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(async move || ([("content-type", "application/json")], body.clone()));
        axum::serve(listener, router).await.unwrap();
    });
}

/// The address that a process announces; what else it says is read and dropped.
fn address(output: impl std::io::Read + Send + 'static) -> String {
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let found =
        lines.find_map(|line| Some(line.split_once("listening on ")?.1.split_whitespace().next()?.to_owned())).unwrap();
    std::thread::spawn(move || lines.for_each(drop));
    found
}

/// A PostgreSQL.
pub struct Cluster {
    url: String,
    folder: tempfile::TempDir,
}

impl Cluster {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let output =
            Command::new("tests/postgres").arg("start").arg(folder.path()).env("DURABLE", "1").output().unwrap();
        let url = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        assert!(!url.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { url, folder }
    }

    /// The address of the database.
    pub fn database(&self) -> String {
        self.url.replace("/postgres", "/bench")
    }

    /// Runs a command of SQL.
    pub fn run(&self, sql: &str) {
        let status = Command::new("psql")
            .args(["--quiet", "--no-psqlrc", "--output", "/dev/null", &self.database(), "--command", sql])
            .status();
        assert!(status.unwrap().success(), "{sql}");
    }

    /// Where it logs.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Command::new("tests/postgres").arg("stop").arg(self.folder.path()).status();
    }
}
