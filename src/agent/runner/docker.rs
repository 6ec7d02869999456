//! Tasks as containers, by the API that Docker and Podman share. What belongs to which instance is in the containers' labels.

mod engine;
mod inspection;
mod listing;

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;

use bollard::models::ImageInspect;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

pub(in crate::agent) use self::engine::{Confined, Engine};
pub(in crate::agent) use self::inspection::{Changes, Inspected, Running};
use self::listing::label;
use super::{Fault, Launch, Unit, UnitKey, UnitState};

/// Starts tasks as containers.
pub struct Docker {
    engine: Engine,
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
        Ok(Self { engine: Engine::connect(socket).await?, platform, publish })
    }

    pub(super) async fn units(&self) -> Result<Vec<Unit>, Fault> {
        let found = self.engine.listing.labelled(&format!("{}={}", label::PLATFORM, self.platform)).await;
        let found = found.map_err(|error| Fault::new("The container engine does not list its containers", error))?;
        let mut units = Vec::new();
        for container in found {
            let Some(mut unit) = container.unit() else { continue };
            if !unit.runs() {
                unit.state = UnitState::Ended(self.engine.listing.code(&unit.id).await);
            }
            units.push(unit);
        }
        Ok(units)
    }

    pub(super) async fn has(&self, launch: &Launch) -> bool {
        match &launch.image {
            Some(image) => self.engine.image(image).await.is_some_and(|found| is_meant(&found, image).is_ok()),
            None => true,
        }
    }

    pub(super) async fn fetch(&self, launch: &Launch) -> Result<(), Fault> {
        let image = image_of(launch)?;
        let found = self.engine.pull(image).await?;
        is_meant(&found, image).map_err(|why| Fault::new(format!("Can't pull {image}"), why))
    }

    pub(super) async fn start(&self, launch: &Launch) -> Result<Unit, Fault> {
        let fault = |why: String| Fault::new(format!("Can't start {} of {}", launch.key.task, launch.title), why);
        let name = name_of(&launch.key);
        let container = self.container(launch)?;
        // One of this name is what an agent left behind that died before it could start it.
        let _ = self.engine.remove(&name).await;
        let id = self.engine.create(&name, container).await.map_err(fault)?;
        if let Err(why) = self.engine.start(&id).await {
            self.remove(&id).await;
            return Err(fault(why));
        }
        let units = self.units().await?;
        units.into_iter().find(|unit| unit.id == id).ok_or_else(|| fault("it is gone already".to_owned()))
    }

    /// The container that a launch asks for.
    fn container<'a>(&self, launch: &'a Launch) -> Result<Confined<'a>, Fault> {
        let mut labels = HashMap::from([
            (label::PLATFORM.to_owned(), self.platform.to_string()),
            (label::INSTANCE.to_owned(), launch.key.instance.to_string()),
            (label::TASK.to_owned(), launch.key.task.clone()),
            (label::REPLICA.to_owned(), launch.key.replica.to_string()),
            (label::REVISION.to_owned(), launch.key.revision.clone()),
        ]);
        labels.extend(launch.ports.first().map(|port| (label::PORT.to_owned(), port.to_string())));
        Ok(Confined {
            image: image_of(launch)?,
            options: &launch.options,
            environment: &launch.environment,
            ports: &launch.ports,
            memory: launch.memory,
            labels,
            publish: self.publish,
        })
    }

    pub(super) async fn stop(&self, unit: &Unit) -> Result<(), Fault> {
        if unit.runs() {
            let stopped = self.engine.stop(&unit.id).await;
            stopped.map_err(|why| Fault::new(format!("Can't stop {}", unit.key.task), why))?;
        }
        self.remove(&unit.id).await;
        Ok(())
    }

    async fn remove(&self, id: &str) {
        if let Err(why) = self.engine.remove(id).await {
            tracing::warn!("The container {id} can't be removed: {why}");
        }
    }

    pub(super) async fn output(&self, unit: &Unit) -> Result<String, Fault> {
        self.engine.output(&unit.id).await
    }
}

fn image_of(launch: &Launch) -> Result<&str, Fault> {
    launch.image.as_deref().ok_or_else(|| Fault(format!("{} has no image to run.", launch.title)))
}

/// A name that people recognise, and that no other unit has.
fn name_of(key: &UnitKey) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let task: String = key.task.chars().take(32).map(plain).collect();
    // Names that look the same after that still differ.
    let hash = xxh3_64(key.task.as_bytes()) >> 32;
    format!("mkt-{}-{task}-{hash:08x}-{}-{}", key.instance, key.replica, key.revision)
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
