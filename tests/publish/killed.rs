//! A client that is killed at any step of a publication leaves nothing half done, and the next one completes it.

use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Rich, state};
use crate::support::{Database, Server, on_both};

/// A way to a server on which the client is killed when so many pieces have passed.
struct Gate {
    address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    passed: usize,
    most: usize,
    victim: Option<Child>,
}

impl Gate {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&server).await else { continue };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(pass(from_client, to_server, shared.clone()));
                tokio::spawn(pass(from_server, to_client, shared.clone()));
            }
        });
        Self { address, state }
    }

    /// Runs `mkt publish` through it, and kills it before this piece passes. Answers whether it came to that.
    async fn publish(&self, server: &Server, package: &Rich, key: &str, most: usize) -> bool {
        let mut command = server.command(&["publish", "--yes", "--quiet", "--sign", key, package.path()]);
        command.env("MKT_SERVER", &self.address).stdout(Stdio::null());
        *self.state.lock().unwrap() = State { passed: 0, most, victim: None };
        let child = command.spawn().unwrap();
        self.state.lock().unwrap().victim = Some(child);
        loop {
            let ended = self.state.lock().unwrap().victim.as_mut().unwrap().try_wait().unwrap();
            if let Some(status) = ended {
                return !status.success();
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

async fn pass(mut from: impl AsyncReadExt + Unpin, mut to: impl AsyncWriteExt + Unpin, state: Arc<Mutex<State>>) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        {
            let mut state = state.lock().unwrap();
            state.passed += 1;
            if state.passed > state.most
                && let Some(victim) = &mut state.victim
            {
                victim.kill().unwrap();
                return;
            }
        }
        if to.write_all(&piece[..read]).await.is_err() {
            return;
        }
    }
}

on_both! {
    async fn whoever_is_killed_is_completed_by_the_next(database: Database) {
        let server = Server::start(&database).await;
        let key = database.folder().join("key");
        let key = key.to_str().unwrap();
        server.mkt(&["keygen", key, "--register", "tests"]).await.ok();
        let gate = Gate::to(server.address()).await;
        let whole = Rich::new("Whole", 300_000, &database.folder().join("whole"));
        server.mkt(&["publish", "--yes", "--sign", key, whole.path()]).await.ok();
        let expected = state(&server, &whole).await;
        let mut steps = 0;
        loop {
            // The files differ from one to the next, for what is there already is not sent.
            let package = Rich::new(&format!("Package {steps}"), 300_000 + steps, &database.folder().join(format!("{steps}")));
            let killed = gate.publish(&server, &package, key, steps).await;
            let (status, seen) = server.get_anonymously(&format!("/products/{}", package.manifest.product())).await;
            if status.as_u16() == 200 {
                assert_eq!(seen["latest_build"]["version"], "1.0.0", "after {steps}: {seen}");
                let (_, build) = server.get_anonymously(&package.build()).await;
                assert_eq!((&build["asset_available"], build["signature"].is_string()), (&true.into(), true), "after {steps}");
            }
            let again = server.mkt(&["publish", "--yes", "--json", "--sign", key, package.path()]).await.json();
            assert_eq!(again[0]["outcome"]["published"], true, "after {steps}: {again}");
            let mut made = state(&server, &package).await;
            made["build"]["sha256"] = expected["build"]["sha256"].clone();
            assert_eq!(made, expected, "after {steps}");
            if !killed {
                break;
            }
            steps += 1;
        }
        // How much passes in one piece depends on how busy the machine is.
        assert!(steps >= 6, "{steps}");
    }
}
