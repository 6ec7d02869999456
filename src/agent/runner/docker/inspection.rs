//! One container at length: its state, where it is reached, what runs in it, what it takes, what it has written. Read by hand, as
//! the list is, and no more of it than a container may make us read.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

use super::listing::{Listing, NetworkSettings};

/// How long an engine may take to measure a container.
const MEASURING: Duration = Duration::from_secs(10);
/// The most bytes that are read of what a container has written.
const LARGEST: usize = 4 * 1024 * 1024;
/// How processes are listed: as Podman takes it, which looks itself, and as the `ps` does that Docker runs.
const COLUMNS: [&str; 2] = ["pid,ppid,comm", "-eo pid,ppid,comm"];

/// A container at length.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::agent) struct Inspected {
    pub(in crate::agent) state: State,
    network_settings: Option<NetworkSettings>,
}

/// How a container is.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::agent) struct State {
    #[serde(default)]
    status: String,
    #[serde(default)]
    pub(in crate::agent) running: bool,
    pub(in crate::agent) exit_code: Option<i64>,
    #[serde(default, rename = "OOMKilled")]
    pub(in crate::agent) killed_for_memory: bool,
}

/// What has changed in a container's files.
pub(in crate::agent) enum Changes {
    /// These paths.
    These(Vec<String>),
    /// So many that nobody wants to read them.
    TooMany,
}

/// A process in a container.
pub(in crate::agent) struct Running {
    pub(in crate::agent) id: i64,
    pub(in crate::agent) parent: i64,
    pub(in crate::agent) name: String,
}

impl State {
    /// Whether the engine knows all of how the container has ended.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self.status.as_str(), "exited" | "dead")
    }
}

impl Inspected {
    /// Where a port is reached: at the container itself, and where it is published.
    pub(in crate::agent) fn addresses(&self, port: u16) -> [Option<SocketAddr>; 2] {
        let network = self.network_settings.as_ref();
        let own = network.and_then(NetworkSettings::address).map(|address| SocketAddr::new(address, port));
        let places = network.and_then(|network| network.ports.as_ref()?.get(&format!("{port}/tcp"))?.as_ref());
        let published = places.into_iter().flatten().find_map(|place| {
            let address = place.host_ip.as_ref()?.parse().ok()?;
            Some(SocketAddr::new(address, place.host_port.as_ref()?.parse().ok()?))
        });
        [own, published]
    }
}

impl Listing {
    /// A container at length.
    pub(in crate::agent) async fn inspect(&self, id: &str) -> reqwest::Result<Inspected> {
        self.get(&format!("/containers/{id}/json"), &[]).await
    }

    /// The processes of a container; none where the engine can't list them.
    pub(in crate::agent) async fn processes(&self, id: &str) -> Option<Vec<Running>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Top {
            processes: Vec<Vec<String>>,
        }
        let path = format!("/containers/{id}/top");
        for columns in COLUMNS {
            let Ok(Ok(top)) = timeout(MEASURING, self.get::<Top>(&path, &[("ps_args", columns)])).await else {
                continue;
            };
            let running = |row: &Vec<String>| {
                let [id, parent, name @ ..] = row.as_slice() else { return None };
                Some(Running { id: id.parse().ok()?, parent: parent.parse().ok()?, name: name.join(" ") })
            };
            return top.processes.iter().map(running).collect();
        }
        None
    }

    /// How many bytes of memory a container takes; none where the engine can't tell.
    pub(in crate::agent) async fn memory(&self, id: &str) -> Option<u64> {
        let path = format!("/containers/{id}/stats");
        let query = [("stream", "false"), ("one-shot", "true")];
        let stats = timeout(MEASURING, self.get::<Value>(&path, &query)).await.ok()?.ok()?;
        stats["memory_stats"]["usage"].as_u64().filter(|usage| *usage > 0)
    }

    /// What a container has written, changed or removed outside of its volumes; none where the engine can't tell.
    pub(in crate::agent) async fn changes(&self, id: &str) -> Option<Changes> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Change {
            path: String,
        }
        let mut response = self.ask(&format!("/containers/{id}/changes"), &[]).await.ok()?;
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.ok()? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > LARGEST {
                return Some(Changes::TooMany);
            }
        }
        // Where nothing has changed, Docker answers null.
        let changes: Option<Vec<Change>> = serde_json::from_slice(&bytes).ok()?;
        Some(Changes::These(changes.unwrap_or_default().into_iter().map(|change| change.path).collect()))
    }
}
