//! The engine: images that are pulled, containers that are made, started, stopped and removed. Whose they are is not its business.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use bollard::auth::DockerCredentials;
use bollard::models::{ContainerCreateBody, HostConfig, ImageInspect, PortBinding};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, CreateImageOptionsBuilder, KillContainerOptionsBuilder, LogsOptionsBuilder,
    RemoveContainerOptionsBuilder, StartContainerOptions, StopContainerOptionsBuilder,
};
use bollard::{API_DEFAULT_VERSION, Docker as Api};
use futures_util::StreamExt;
use tokio::time::timeout;

use super::listing::Listing;
use crate::agent::runner::{Fault, GRACE, OUTPUT};
use crate::client::{Credentials, credentials_of};
use crate::core::deployment::environment::Values;
use crate::core::manifest::Image;

/// How many seconds a call may take. Stopping takes up to [`GRACE`].
const CALL: u64 = 60;
/// How long a pull may be silent.
const SILENCE: Duration = Duration::from_secs(120);
/// How many lines of output are asked for.
const LINES: &str = "1000";
/// What all images must be made for (rule 11 of the packaging rules).
const PLATFORM: &str = "linux/amd64";

/// An engine that answers.
pub(in crate::agent) struct Engine {
    api: Api,
    /// What is read by hand.
    pub(in crate::agent) listing: Listing,
}

/// A container as all of ours are: with no rights, bounded, and not to be started again by the engine.
pub(in crate::agent) struct Confined<'a> {
    pub(in crate::agent) image: &'a str,
    /// Arguments instead of the image's own, if there are any.
    pub(in crate::agent) options: &'a [String],
    pub(in crate::agent) environment: &'a Values,
    pub(in crate::agent) ports: &'a [u16],
    /// The most memory that it may take, in MiB.
    pub(in crate::agent) memory: i64,
    pub(in crate::agent) labels: HashMap<String, String>,
    /// Where its ports are published, if they are.
    pub(in crate::agent) publish: Option<IpAddr>,
}

impl Confined<'_> {
    fn body(self) -> ContainerCreateBody {
        let ports: Vec<String> = self.ports.iter().map(|port| format!("{port}/tcp")).collect();
        let bindings = self.publish.map(|address| {
            let anywhere = || vec![PortBinding { host_ip: Some(address.to_string()), host_port: Some(String::new()) }];
            ports.iter().map(|port| (port.clone(), Some(anywhere()))).collect()
        });
        let memory = self.memory.checked_mul(1024 * 1024);
        ContainerCreateBody {
            image: Some(self.image.to_owned()),
            cmd: (!self.options.is_empty()).then(|| self.options.to_vec()),
            env: Some(self.environment.iter().map(|(key, value)| format!("{key}={value}")).collect()),
            labels: Some(self.labels),
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
        }
    }
}

impl Engine {
    /// Connects to the socket of an engine.
    pub(in crate::agent) async fn connect(socket: &Path) -> Result<Self, Fault> {
        let what = format!("No container engine answers at {}", socket.display());
        let api = Api::connect_with_unix(&socket.to_string_lossy(), CALL, API_DEFAULT_VERSION);
        let api = api.map_err(|error| Fault::new(&what, error))?;
        let api = api.negotiate_version().await.map_err(|error| Fault::new(&what, error))?;
        let listing = Listing::at(socket).map_err(|error| Fault::new(&what, error))?;
        Ok(Self { api, listing })
    }

    /// Whether it still answers.
    pub(in crate::agent) async fn answers(&self) -> bool {
        self.api.ping().await.is_ok()
    }

    /// What it knows of an image that it has.
    pub(in crate::agent) async fn image(&self, image: &str) -> Option<ImageInspect> {
        self.api.inspect_image(image).await.ok()
    }

    /// Pulls an image.
    pub(in crate::agent) async fn pull(&self, image: &str) -> Result<ImageInspect, Fault> {
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
        self.api.inspect_image(image).await.map_err(|error| Fault::new(what(), said(&error)))
    }

    /// Makes a container, and answers its id. What could not be done is told by the engine's own words.
    pub(in crate::agent) async fn create(&self, name: &str, container: Confined<'_>) -> Result<String, String> {
        let options = CreateContainerOptionsBuilder::new().name(name).platform(PLATFORM).build();
        let created = self.api.create_container(Some(options), container.body()).await;
        created.map(|created| created.id).map_err(|error| said(&error))
    }

    /// Starts a container that was made, or has ended.
    pub(in crate::agent) async fn start(&self, id: &str) -> Result<(), String> {
        self.api.start_container(id, None::<StartContainerOptions>).await.map_err(|error| said(&error))
    }

    /// Asks a container to stop, and ends it by force after [`GRACE`].
    pub(in crate::agent) async fn stop(&self, id: &str) -> Result<(), String> {
        let grace = i32::try_from(GRACE.as_secs()).unwrap_or_default();
        let options = StopContainerOptionsBuilder::new().t(grace).build();
        match self.api.stop_container(id, Some(options)).await {
            Err(error) if !is_gone(&error) => Err(said(&error)),
            _ => Ok(()),
        }
    }

    /// Ends a container as a crash would.
    pub(in crate::agent) async fn kill(&self, id: &str) -> Result<(), String> {
        let options = KillContainerOptionsBuilder::new().signal("SIGKILL").build();
        self.api.kill_container(id, Some(options)).await.map_err(|error| said(&error))
    }

    /// Removes a container with its volumes, whether it runs or not, if it is there.
    pub(in crate::agent) async fn remove(&self, name: &str) -> Result<(), String> {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        match self.api.remove_container(name, Some(options)).await {
            Err(error) if !is_gone(&error) => Err(said(&error)),
            _ => Ok(()),
        }
    }

    /// The end of what a container has printed, at most [`OUTPUT`] bytes.
    pub(in crate::agent) async fn output(&self, id: &str) -> Result<String, Fault> {
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail(LINES).build();
        let mut lines = std::pin::pin!(self.api.logs(id, Some(options)));
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
