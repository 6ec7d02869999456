//! A platform with an owner and a key, products that run as processes, and agents.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mkt::core::secret::Secret;
use mkt::core::signing::SigningKey;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Database, Manifest, Server, bare};

/// For how long anything may be waited for.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What products run: it serves its port, prints what it is given, and does as `MODE` says.
const PROGRAM: &str = r#"
import http.server, os, signal, sys, time
print("starts", os.environ.get("NAME", ""), os.environ.get("FHIR_URL", ""), flush=True)
mode = os.environ.get("MODE", "")
if mode == "dies": sys.exit(3)
if mode == "once": print("ran", flush=True); sys.exit(0)
if mode == "deaf": signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode == "forks":
    import subprocess
    subprocess.Popen(["sleep", os.environ["NAME"]], start_new_session=True)
if mode == "silent": time.sleep(1000)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(("%s %s" % (os.environ.get("NAME", ""), os.environ.get("FHIR_URL", ""))).encode())
    def log_message(self, *a): pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"#;

/// A platform under test.
pub struct Ward {
    pub server: Server,
    pub folder: PathBuf,
    pub user: String,
    pub platform: String,
    /// The path of the platform.
    pub path: String,
    key: PathBuf,
}

impl Ward {
    pub async fn open(database: &Database) -> Self {
        Self::at(Server::start_with(database, &["--rate-limit", "0"], &[]).await, database.folder()).await
    }

    /// A platform of a server.
    pub async fn at(server: Server, folder: &Path) -> Self {
        let folder = folder.join(Uuid::new_v4().to_string());
        std::fs::create_dir_all(&folder).unwrap();
        let user = server.create("/users", json!({ "name": "Owner" })).await["id"].as_str().unwrap().to_owned();
        let pem = SigningKey::generate().unwrap();
        let public = SigningKey::from_pem(&Secret::new(pem.expose())).unwrap().public().pem();
        let body = json!({ "name": "Ward", "public_key": public });
        let platforms = format!("/users/{user}/platforms");
        let platform = server.create(&platforms, body).await["id"].as_str().unwrap().to_owned();
        let key = folder.join("key");
        std::fs::write(&key, pem.expose()).unwrap();
        std::fs::write(folder.join("program.py"), PROGRAM).unwrap();
        let path = format!("{platforms}/{platform}");
        Self { server, folder, user, platform, path, key }
    }

    /// Publishes a product that this user may use.
    pub async fn publish(&self, manifest: &Manifest) {
        self.publish_build(manifest).await;
        self.license(manifest).await;
    }

    /// Lets this user use a product.
    pub async fn license(&self, manifest: &Manifest) {
        let offers = self.server.get(&format!("/products/{}/licenses", manifest.product())).await;
        let offer = offers["results"][0]["id"].as_str().unwrap();
        let entitlement = json!({ "user_id": self.user, "product_license_id": offer, "valid_from": "2020-01-01" });
        let entitlement = self.server.create("/entitlements", entitlement).await;
        let claim = json!({ "claimant_type": "User", "claimant_id": self.user });
        self.server.create(&format!("/entitlements/{}/claims", entitlement["id"].as_str().unwrap()), claim).await;
    }

    /// Publishes another build of a product that is there.
    pub async fn publish_build(&self, manifest: &Manifest) {
        let (status, outcome) = self.server.send(Method::POST, "/packages", manifest.0.clone()).await;
        assert_eq!(status, StatusCode::OK, "{outcome}");
    }

    pub async fn deploy(&self, manifest: &Manifest, bindings: Value) -> String {
        let body = json!({ "build_id": manifest.build(), "launch_bindings": bindings });
        let made = self.server.create(&format!("{}/instances", self.path), body).await;
        made["id"].as_str().unwrap().to_owned()
    }

    pub async fn change(&self, instance: &str, body: Value) {
        let (status, answer) =
            self.server.send(Method::PATCH, &format!("{}/instances/{instance}", self.path), body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }

    pub async fn instance(&self, instance: &str) -> Value {
        self.server.get(&format!("{}/instances/{instance}", self.path)).await
    }

    /// The last thing that an agent told of an instance.
    pub async fn report(&self, instance: &str) -> Value {
        self.server.get(&format!("{}/instances/{instance}/reports", self.path)).await["results"][0].clone()
    }

    pub async fn logs(&self, instance: &str) -> String {
        let logs = self.server.get(&format!("{}/instances/{instance}/logs", self.path)).await;
        logs["content"].as_str().unwrap().to_owned()
    }

    /// Waits until an instance is in this state, and answers its last report.
    pub async fn until(&self, instance: &str, state: &str) -> Value {
        self.until_report(instance, |report| report["state"] == state).await
    }

    /// Waits until this holds of an instance's last report.
    pub async fn until_report(&self, instance: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let report = self.report(instance).await;
            if holds(&report) {
                return report;
            }
            assert!(begun.elapsed() < PATIENCE, "{report}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The processes of an instance that run, as its agent knows them.
    pub fn processes(&self, instance: &str) -> Vec<rustix::process::Pid> {
        let kept = walk(&self.folder).into_iter().filter_map(|path| std::fs::read_to_string(path).ok());
        let kept = kept.filter_map(|text| serde_json::from_str::<Value>(&text).ok());
        let own = kept.filter(|kept| kept["key"]["instance"] == instance && kept["ended"] == false);
        own.filter_map(|kept| rustix::process::Pid::from_raw(kept["pid"].as_i64()? as i32)).collect()
    }

    /// Kills them.
    pub fn kill_processes(&self, instance: &str) {
        for pid in self.processes(instance) {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }

    /// Where the first task of an instance that runs is.
    pub async fn address(&self, instance: &str) -> String {
        self.until(instance, "running").await["detail"]["tasks"][0]["address"].as_str().unwrap().to_owned()
    }

    /// What the product answers there.
    pub async fn ask(&self, address: &str) -> Option<String> {
        let answer = reqwest::get(format!("http://{address}/")).await.ok()?;
        answer.text().await.ok()
    }

    /// An agent with processes.
    pub fn agent(&self) -> Agent {
        self.agent_with(&["--runner", "process"], &self.folder.join("state"), self.server.url(""))
    }

    pub fn agent_with(&self, arguments: &[&str], state: &Path, server: String) -> Agent {
        Agent::start(self.agent_command(arguments, state, server))
    }

    pub fn agent_command(&self, arguments: &[&str], state: &Path, server: String) -> Command {
        let operator = self.folder.join("operator.toml");
        if !operator.exists() {
            self.operate("");
        }
        let mut command = bare();
        command.arg("agent").args(arguments).args(["--platform", &self.platform, "--server", &server]);
        command.arg("--key").arg(&self.key).arg("--state").arg(state).arg("--operator").arg(operator);
        command
    }

    /// Writes the operator's file: whatever the product, the program runs.
    pub fn operate(&self, more: &str) {
        let program = self.folder.join("program.py");
        let text =
            format!("{more}\n[products.\"*\"]\ncommand = [\"python3\", \"-u\", {:?}]\n", program.to_str().unwrap());
        std::fs::write(self.folder.join("operator.toml"), text).unwrap();
    }
}

/// An agent that runs. Dropped, it is killed, and what it started with it.
pub struct Agent {
    pub child: Child,
    log: Arc<Mutex<String>>,
}

impl Agent {
    pub fn start(mut command: Command) -> Self {
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
        Self { child, log }
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub async fn logs(&self, text: &str) {
        let begun = Instant::now();
        while !self.log().contains(text) {
            assert!(begun.elapsed() < PATIENCE, "{text:?} is not logged:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// kill -9
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and with which code it ends.
    pub async fn stop(&mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < PATIENCE, "the agent does not end:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ends what agents have left running, which outlives them by design.
impl Drop for Ward {
    fn drop(&mut self) {
        for entry in walk(&self.folder) {
            let Ok(text) = std::fs::read_to_string(&entry) else { continue };
            let Ok(kept) = serde_json::from_str::<Value>(&text) else { continue };
            if let Some(pid) = kept["pid"].as_i64().and_then(|pid| rustix::process::Pid::from_raw(pid as i32)) {
                let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
            }
        }
    }
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries
        .flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect()
}

/// A product whose only task serves a port.
pub fn serving(name: &str) -> Manifest {
    let mut manifest = Manifest::new(name, "1.0.0");
    let task = &mut manifest.0["configuration"][0]["task"][0];
    task["environment"] = json!([
        { "key": "NAME", "description": "A name.", "default": name },
        { "key": "MODE", "description": "What to do.", "pattern": "[a-z]*" },
    ]);
    task["options"] = json!([]);
    manifest
}
