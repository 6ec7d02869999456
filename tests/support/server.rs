//! A running server: the real binary on a free port.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

use super::Database;
use super::command::{Ran, bare, mkt};

/// The token of the first administrator of all test servers.
pub const ADMIN_TOKEN: &str = "administrator-token-of-the-tests";

/// The secret key of the marketplaces under test.
pub const SECRET_KEY: &str = "a secret key for tests, long enough";

/// A server. Dropping it kills it.
pub struct Server {
    child: Child,
    address: String,
    log: Arc<Mutex<String>>,
    http: reqwest::Client,
    _database: Database,
}

impl Server {
    /// Starts a server on a database and waits until it listens.
    pub async fn start(database: &Database) -> Self {
        Self::start_with(database, &[], &[]).await
    }

    /// As [`start`](Self::start), with more arguments and variables.
    pub async fn start_with(database: &Database, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut server = Self::spawn(database, arguments, variables);
        let begun = Instant::now();
        while server.address.is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(30), "the server does not listen:\n{}", server.log());
            if let Some(status) = server.child.try_wait().unwrap() {
                panic!("the server ended with {status}:\n{}", server.log());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            server.find_address();
        }
        server
    }

    /// Starts a server without waiting for it.
    pub fn spawn(database: &Database, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut command = bare();
        command.args(["serve", "--database-url", &database.url]).args(arguments);
        command
            .env("MKT_LISTEN", "127.0.0.1:0")
            .env("MKT_STORAGE_URL", format!("file://{}", database.folder().join("files").display()))
            .env("MKT_ADMIN_TOKEN", ADMIN_TOKEN)
            .env("MKT_SECRET_KEY", SECRET_KEY)
            .envs(variables.iter().copied());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (lines, kept) = (BufReader::new(child.stderr.take().unwrap()), log.clone());
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let mut log = kept.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { child, address: String::new(), log, http, _database: database.clone() }
    }

    fn find_address(&mut self) {
        let log = self.log();
        if let Some((_, after)) = log.split_once("listening on ") {
            self.address = after.split([' ', '"']).next().unwrap().to_owned();
        }
    }

    /// Where it listens, to start another there.
    pub fn address(&self) -> String {
        self.address.trim_start_matches("http://").to_owned()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until it has logged this.
    pub async fn logs(&self, text: &str) {
        let begun = Instant::now();
        while !self.log().contains(text) {
            assert!(begun.elapsed() < Duration::from_secs(20), "{text:?} is not logged:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for its end, in failure, and answers all that it logged.
    pub async fn log_at_end(self) -> String {
        let log = self.log.clone();
        assert_ne!(self.ended().await, Some(0));
        // The reader of its log may still be at the last lines.
        tokio::time::sleep(Duration::from_millis(100)).await;
        log.lock().unwrap().clone()
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// A request by nobody.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    /// A request by the administrator.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(ADMIN_TOKEN)
    }

    /// What the administrator gets at a path.
    pub async fn get(&self, path: &str) -> Value {
        self.request(Method::GET, path).send().await.unwrap().json().await.unwrap()
    }

    /// What nobody in particular gets at a path.
    pub async fn get_anonymously(&self, path: &str) -> (StatusCode, Value) {
        let response = self.anonymous(Method::GET, path).send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    /// What the administrator gets for a JSON body.
    pub async fn send(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let response = self.request(method, path).json(&body).send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    /// What the administrator creates.
    #[track_caller]
    pub fn create(&self, path: &str, body: Value) -> impl Future<Output = Value> + '_ {
        let path = path.to_owned();
        async move {
            let (status, answer) = self.send(Method::POST, &path, body).await;
            assert_eq!(status, StatusCode::CREATED, "{path}: {answer}");
            answer
        }
    }

    /// Runs `mkt` as the administrator of this server.
    pub async fn mkt(&self, arguments: &[&str]) -> Ran {
        mkt(arguments, &[("MKT_SERVER", &self.address), ("MKT_TOKEN", ADMIN_TOKEN)]).await
    }

    /// `mkt` as the administrator of this server, its output piped.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare();
        command.args(arguments).env("MKT_SERVER", &self.address).env("MKT_TOKEN", ADMIN_TOKEN);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts that.
    pub fn spawn_mkt(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    /// Asks it to stop (SIGTERM).
    pub fn terminate(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Leaves it so many files to open (prlimit, of util-linux).
    pub fn limit_files(&self, number: u32) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("prlimit").args(["--pid", &id, &format!("--nofile={number}:")]).status().unwrap().success()
        );
    }

    /// Waits for its end and answers its exit code.
    pub async fn ended(mut self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "the server does not end:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// How many MiB it has in memory.
    pub fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }

    /// Kills it at once while others still ask it; as [`kill`](Self::kill), but its end is left to come.
    pub fn kill_now(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-KILL", &id]).status().unwrap().success());
    }

    /// Kills it at once (SIGKILL), as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}
