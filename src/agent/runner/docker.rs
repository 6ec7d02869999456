//! Tasks as containers, by the API that Docker and Podman share. What belongs to which instance is in the containers' labels.

mod listing;

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use bollard::auth::DockerCredentials;
use bollard::models::{ContainerCreateBody, HostConfig, ImageInspect, PortBinding};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, CreateImageOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
    StartContainerOptions, StopContainerOptionsBuilder,
};
use bollard::{API_DEFAULT_VERSION, Docker as Api};
use futures_util::StreamExt;
use tokio::time::timeout;
use uuid::Uuid;

use self::listing::{Listing, label};
use super::{Fault, GRACE, Launch, OUTPUT, Unit, UnitKey, UnitState};
use crate::client::{Credentials, credentials_of};
use crate::core::manifest::Image;

/// How many seconds a call may take. Stopping takes up to [`GRACE`].
const CALL: u64 = 60;
/// How long a pull may be silent.
const SILENCE: Duration = Duration::from_secs(120);
/// How many lines of output are asked for.
const LINES: &str = "1000";
/// What all images must be made for (rule 11 of the packaging rules).
const PLATFORM: &str = "linux/amd64";

/// Starts tasks as containers.
pub struct Docker {
    api: Api,
    listing: Listing,
    platform: Uuid,
    /// Where ports are published, if they are.
    publish: Option<IpAddr>,
}

impl Docker {
    /// Connects to the socket of an engine, for the containers of a platform.
    ///
    /// # Errors
    /// When nothing answers there.
    pub async fn connect(socket: &Path, platform: Uuid, publish: Option<IpAddr>) -> Result<Self, Fault> {
        let what = format!("No container engine answers at {}", socket.display());
        let api = Api::connect_with_unix(&socket.to_string_lossy(), CALL, API_DEFAULT_VERSION);
        let api = api.map_err(|error| Fault::new(&what, error))?;
        let api = api.negotiate_version().await.map_err(|error| Fault::new(&what, error))?;
        let listing = Listing::at(socket).map_err(|error| Fault::new(&what, error))?;
        Ok(Self { api, listing, platform, publish })
    }

    pub(super) async fn units(&self) -> Result<Vec<Unit>, Fault> {
        let found = self.listing.of_platform(self.platform).await;
        let found = found.map_err(|error| Fault::new("The container engine does not list its containers", error))?;
        let mut units = Vec::new();
        for container in found {
            let Some(mut unit) = container.unit() else { continue };
            if !unit.runs() {
                unit.state = UnitState::Ended(self.listing.code(&unit.id).await);
            }
            units.push(unit);
        }
        Ok(units)
    }

    pub(super) async fn has(&self, launch: &Launch) -> bool {
        match &launch.image {
            Some(image) => self.api.inspect_image(image).await.is_ok_and(|found| is_meant(&found, image).is_ok()),
            None => true,
        }
    }

    pub(super) async fn fetch(&self, launch: &Launch) -> Result<(), Fault> {
        let image = image_of(launch)?;
        let what = || format!("Can't pull {image}");
        let options = CreateImageOptionsBuilder::new().from_image(image).platform(PLATFORM).build();
        let credentials = credentials(image).await.map_err(|why| Fault::new(what(), why))?;
        let mut pulled = std::pin::pin!(self.api.create_image(Some(options), None, credentials));
        // A pull that fails is told of in the stream.
        while let Some(progress) =
            timeout(SILENCE, pulled.next()).await.map_err(|_| Fault::new(what(), "nothing arrives any more"))?
        {
            progress.map_err(|error| Fault::new(what(), said(&error)))?;
        }
        let found = self.api.inspect_image(image).await.map_err(|error| Fault::new(what(), said(&error)))?;
        is_meant(&found, image).map_err(|why| Fault::new(what(), why))
    }

    pub(super) async fn start(&self, launch: &Launch) -> Result<Unit, Fault> {
        let what = || format!("Can't start {} of {}", launch.key.task, launch.title);
        let name = name_of(&launch.key);
        let options = CreateContainerOptionsBuilder::new().name(&name).platform(PLATFORM).build();
        let body = self.body(launch)?;
        // One of this name is what an agent left behind that died before it could start it.
        let remove = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        let _ = self.api.remove_container(&name, Some(remove)).await;
        let created = self.api.create_container(Some(options), body).await;
        let id = created.map_err(|error| Fault::new(what(), said(&error)))?.id;
        if let Err(error) = self.api.start_container(&id, None::<StartContainerOptions>).await {
            self.remove(&id).await;
            return Err(Fault::new(what(), said(&error)));
        }
        let units = self.units().await?;
        units.into_iter().find(|unit| unit.id == id).ok_or_else(|| Fault::new(what(), "it is gone already"))
    }

    /// The container that a launch asks for: with no rights, and not to be started again by anybody but the agent.
    fn body(&self, launch: &Launch) -> Result<ContainerCreateBody, Fault> {
        let port = launch.ports.first();
        let mut labels = HashMap::from([
            (label::PLATFORM.to_owned(), self.platform.to_string()),
            (label::INSTANCE.to_owned(), launch.key.instance.to_string()),
            (label::TASK.to_owned(), launch.key.task.clone()),
            (label::REPLICA.to_owned(), launch.key.replica.to_string()),
            (label::REVISION.to_owned(), launch.key.revision.clone()),
        ]);
        labels.extend(port.map(|port| (label::PORT.to_owned(), port.to_string())));
        let ports: Vec<String> = launch.ports.iter().map(|port| format!("{port}/tcp")).collect();
        let bindings = self.publish.map(|address| {
            let anywhere = || vec![PortBinding { host_ip: Some(address.to_string()), host_port: Some(String::new()) }];
            ports.iter().map(|port| (port.clone(), Some(anywhere()))).collect()
        });
        let memory = launch.memory.checked_mul(1024 * 1024);
        Ok(ContainerCreateBody {
            image: Some(image_of(launch)?.to_owned()),
            cmd: (!launch.options.is_empty()).then(|| launch.options.clone()),
            env: Some(launch.environment.iter().map(|(key, value)| format!("{key}={value}")).collect()),
            labels: Some(labels),
            exposed_ports: (!ports.is_empty()).then_some(ports),
            stop_timeout: i64::try_from(GRACE.as_secs()).ok(),
            host_config: Some(HostConfig {
                memory,
                // No swap on top.
                memory_swap: memory,
                // What does not heed SIGTERM as PID 1 still ends.
                init: Some(true),
                port_bindings: bindings,
                cap_drop: Some(vec!["ALL".to_owned()]),
                security_opt: Some(vec!["no-new-privileges".to_owned()]),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        })
    }

    pub(super) async fn stop(&self, unit: &Unit) -> Result<(), Fault> {
        if unit.runs() {
            let grace = i32::try_from(GRACE.as_secs()).unwrap_or_default();
            let options = StopContainerOptionsBuilder::new().t(grace).build();
            match self.api.stop_container(&unit.id, Some(options)).await {
                Ok(()) => {}
                Err(error) if is_gone(&error) => return Ok(()),
                Err(error) => return Err(Fault::new(format!("Can't stop {}", unit.key.task), said(&error))),
            }
        }
        self.remove(&unit.id).await;
        Ok(())
    }

    async fn remove(&self, id: &str) {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        match self.api.remove_container(id, Some(options)).await {
            Err(error) if !is_gone(&error) => tracing::warn!("The container {id} can't be removed: {error}"),
            _ => {}
        }
    }

    pub(super) async fn output(&self, unit: &Unit) -> Result<String, Fault> {
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail(LINES).build();
        let mut lines = std::pin::pin!(self.api.logs(&unit.id, Some(options)));
        let mut text = Vec::new();
        while let Some(line) = lines.next().await {
            let line = line.map_err(|error| Fault::new("Can't read what a container printed", said(&error)))?;
            text.extend_from_slice(&line.into_bytes());
            if text.len() > 2 * OUTPUT {
                text.drain(..text.len() - OUTPUT);
            }
        }
        let start = text.len().saturating_sub(OUTPUT);
        Ok(String::from_utf8_lossy(&text[start..]).into_owned())
    }
}

fn image_of(launch: &Launch) -> Result<&str, Fault> {
    launch.image.as_deref().ok_or_else(|| Fault(format!("{} has no image to run.", launch.title)))
}

/// A name that people recognise, and that no other unit has.
fn name_of(key: &UnitKey) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let task: String = key.task.chars().take(32).map(plain).collect();
    format!("mkt-{}-{task}-{}-{}", key.instance, key.replica, key.revision)
}

/// Nothing, if what is here is the image that was meant: of this digest, for this kind of machine.
fn is_meant(found: &ImageInspect, image: &str) -> Result<(), String> {
    if let Some(other) = found.architecture.as_ref().filter(|architecture| *architecture != "amd64") {
        return Err(format!("it is made for {other}, and not for amd64"));
    }
    let Some((_, digest)) = image.split_once('@') else { return Ok(()) };
    let known = found.repo_digests.iter().flatten().any(|known| known.ends_with(&format!("@{digest}")));
    let same = known || found.repo_digests.as_ref().is_none_or(Vec::is_empty);
    if same { Ok(()) } else { Err(format!("what came is not {digest}")) }
}

/// The credentials for an image's registry, as Docker's configuration has them.
async fn credentials(image: &str) -> Result<Option<DockerCredentials>, String> {
    let image: Image = image.parse()?;
    let host = image.host();
    let found = credentials_of(&host).await.map_err(|failure| failure.message.trim_end_matches('.').to_owned())?;
    let serveraddress = Some(host);
    Ok(match found {
        Credentials::None => None,
        Credentials::Password(user, password) => Some(DockerCredentials {
            username: Some(user),
            password: Some(password.expose().to_owned()),
            serveraddress,
            ..DockerCredentials::default()
        }),
        Credentials::IdentityToken(token) => Some(DockerCredentials {
            identitytoken: Some(token.expose().to_owned()),
            serveraddress,
            ..DockerCredentials::default()
        }),
    })
}

/// What the engine said, in one line.
fn said(error: &bollard::errors::Error) -> String {
    let text = match error {
        bollard::errors::Error::DockerResponseServerError { message, .. } => message.clone(),
        other => other.to_string(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}

fn is_gone(error: &bollard::errors::Error) -> bool {
    matches!(error, bollard::errors::Error::DockerResponseServerError { status_code: 404 | 304, .. })
}
