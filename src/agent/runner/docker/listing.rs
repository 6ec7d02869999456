//! What containers there are. Read by hand, for engines know states that no published description of the API has (Podman's
//! `stopped`), and one container in such a state must not hide all others.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use chrono::DateTime;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::agent::runner::{Unit, UnitKey, UnitState};
use crate::core::clock::Timestamp;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// For how long an engine may be clearing up after a container that has ended, and how often it is looked at meanwhile.
const CLEARING: Duration = Duration::from_secs(10);
const GLANCE: Duration = Duration::from_millis(200);
/// The engine, where the socket says already which it is.
const ENGINE: &str = "http://engine";

/// Labels of containers.
pub(super) mod label {
    pub(in super::super) const PLATFORM: &str = "io.mkt.platform";
    pub(in super::super) const INSTANCE: &str = "io.mkt.instance";
    pub(in super::super) const TASK: &str = "io.mkt.task";
    pub(in super::super) const REPLICA: &str = "io.mkt.replica";
    pub(in super::super) const REVISION: &str = "io.mkt.revision";
    pub(in super::super) const PORT: &str = "io.mkt.port";
}

/// Tells what containers there are.
pub(in crate::agent) struct Listing {
    http: reqwest::Client,
}

/// A container, in short.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::agent) struct Container {
    pub(in crate::agent) id: String,
    state: String,
    #[serde(default)]
    created: i64,
    pub(in crate::agent) labels: Option<HashMap<String, String>>,
    ports: Option<Vec<Port>>,
    network_settings: Option<NetworkSettings>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Port {
    #[serde(rename = "IP")]
    ip: Option<String>,
    private_port: u16,
    public_port: Option<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NetworkSettings {
    networks: Option<HashMap<String, Network>>,
    pub(super) ports: Option<HashMap<String, Option<Vec<Published>>>>,
}

#[derive(Deserialize)]
struct Network {
    #[serde(rename = "IPAddress")]
    ip_address: Option<String>,
}

/// Where a port is published, as containers at length tell it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Published {
    pub(super) host_ip: Option<String>,
    pub(super) host_port: Option<String>,
}

impl Listing {
    pub(super) fn at(socket: &Path) -> reqwest::Result<Self> {
        let http = reqwest::Client::builder().unix_socket(socket).timeout(PATIENCE).build()?;
        Ok(Self { http })
    }

    /// The containers with a label, or with a value of it as `label=value`, whether they run or not.
    pub(in crate::agent) async fn labelled(&self, label: &str) -> reqwest::Result<Vec<Container>> {
        let filters = json!({ "label": [label] }).to_string();
        self.get("/containers/json", &[("all", "true"), ("filters", &filters)]).await
    }

    /// With which code a container has ended. Right after it has, engines may not know that yet, and say 0.
    pub(in crate::agent) async fn code(&self, id: &str) -> Option<i64> {
        let begun = Instant::now();
        loop {
            let state = self.inspect(id).await.ok()?.state;
            if state.exit_code != Some(0) || state.is_settled() || begun.elapsed() > CLEARING {
                return state.exit_code;
            }
            sleep(GLANCE).await;
        }
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> reqwest::Result<T> {
        self.ask(path, query).await?.json().await.map_err(reqwest::Error::without_url)
    }

    pub(super) async fn ask(&self, path: &str, query: &[(&str, &str)]) -> reqwest::Result<reqwest::Response> {
        let request = self.http.get(format!("{ENGINE}{path}")).query(query);
        // Where it is asked is in the sentence around it.
        let told = reqwest::Error::without_url;
        request.send().await.and_then(reqwest::Response::error_for_status).map_err(told)
    }
}

impl Container {
    /// The unit that it is; its ending is still to be looked up.
    pub(super) fn unit(&self) -> Option<Unit> {
        let labels = self.labels.as_ref()?;
        let key = UnitKey {
            instance: labels.get(label::INSTANCE)?.parse().ok()?,
            task: labels.get(label::TASK)?.clone(),
            replica: labels.get(label::REPLICA)?.parse().ok()?,
            revision: labels.get(label::REVISION)?.clone(),
        };
        let runs = matches!(self.state.as_str(), "running" | "paused" | "restarting" | "stopping");
        let port: Option<u16> = labels.get(label::PORT).and_then(|port| port.parse().ok());
        let published = port.and_then(|port| self.published(port));
        Some(Unit {
            key,
            id: self.id.clone(),
            state: if runs { UnitState::Running } else { UnitState::Ended(None) },
            address: port.and_then(|port| self.address(port)).or(published),
            published,
            started_at: Timestamp::from(DateTime::from_timestamp(self.created, 0).unwrap_or_default()),
        })
    }

    /// Where other containers reach a port.
    fn address(&self, port: u16) -> Option<SocketAddr> {
        Some(SocketAddr::new(self.network_settings.as_ref()?.address()?, port))
    }

    /// Where a port is published.
    fn published(&self, port: u16) -> Option<SocketAddr> {
        let found =
            self.ports.iter().flatten().find(|known| known.private_port == port && known.public_port.is_some())?;
        Some(SocketAddr::new(found.ip.as_ref()?.parse().ok()?, found.public_port?))
    }
}

impl NetworkSettings {
    /// The container's own address.
    pub(super) fn address(&self) -> Option<IpAddr> {
        let networks = self.networks.as_ref()?.values();
        let mut own = networks.filter_map(|network| network.ip_address.as_ref()?.parse::<IpAddr>().ok());
        own.next()
    }
}
