//! Where products are tried: containers that are marked as such, and gone afterwards.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::image::Image;
use super::rule::shown;
use super::{Task, http};
use crate::agent::runner::Fault;
use crate::agent::runner::docker::{Confined, Engine, Inspected};
use crate::core::clock;

/// The label of all containers that are tried: which trial it is.
const LABEL: &str = "io.mkt.certify";
/// Until when a trial may last, in seconds since 1970. What is there later was left behind by one that was killed.
const UNTIL: &str = "io.mkt.certify-until";
/// How long a task without ports has to stay up.
const STAYS_UP: Duration = Duration::from_secs(2);
/// How often it is looked meanwhile.
const GLANCE: Duration = Duration::from_millis(100);
/// How long the engine may take to hand out what a container has printed.
const READING: Duration = Duration::from_secs(10);

/// An engine, and a trial on it.
pub(super) struct Stand {
    pub(super) engine: Engine,
    trial: Uuid,
    /// How long a task may take to come up.
    patience: Duration,
    until: i64,
}

/// How a start came out.
pub(super) enum Outcome {
    /// It is up.
    Up {
        /// After this long.
        after: Duration,
        /// Where its first port takes connections, if it has one.
        at: Option<SocketAddr>,
    },
    /// It did what it had to, and ended well.
    Done(Duration),
    /// It ended as it should not.
    Ended {
        /// With this code, where that is known.
        code: Option<i64>,
        /// Whether it wanted more memory than it may have.
        for_memory: bool,
    },
    /// It runs, but nobody listens.
    Silent(u16),
    /// The engine would not have it, for this reason.
    Refused(String),
}

impl Outcome {
    /// What is wrong, as a sentence; nothing where nothing is.
    pub(super) fn wrong(&self, patience: Duration) -> Option<String> {
        match self {
            Self::Up { .. } | Self::Done(_) => None,
            Self::Ended { for_memory: true, .. } => Some("It was killed because it took too much memory.".to_owned()),
            Self::Ended { code: Some(code), .. } => Some(format!("It ended with code {code}.")),
            Self::Ended { code: None, .. } => Some("It ended.".to_owned()),
            Self::Silent(port) => Some(format!("Port {port} took no connection within {} s.", patience.as_secs())),
            Self::Refused(why) => Some(format!("The container engine did not start it: {why}.")),
        }
    }
}

impl Stand {
    /// Connects to an engine, and clears up what trials have left there that were killed.
    pub(super) async fn open(socket: &Path, patience: Duration, most: Duration) -> Result<Self, Fault> {
        let engine = Engine::connect(socket).await?;
        let until = clock::now().unix_seconds().saturating_add_unsigned(most.as_secs());
        let stand = Self { engine, trial: Uuid::new_v4(), patience, until };
        let until = |labels: &HashMap<String, String>| labels.get(UNTIL)?.parse::<i64>().ok();
        for container in stand.engine.listing.labelled(LABEL).await.unwrap_or_default() {
            let over =
                container.labels.as_ref().and_then(until).is_some_and(|until| until < clock::now().unix_seconds());
            if over {
                let _ = stand.engine.remove(&container.id).await;
            }
        }
        Ok(stand)
    }

    /// Starts a task anew, from nothing.
    pub(super) async fn start(&self, image: &Image, task: &Task) -> Result<String, String> {
        let labels = [(LABEL, self.trial.to_string()), (UNTIL, self.until.to_string())];
        let container = Confined {
            image: &image.name,
            options: &task.options,
            environment: &task.environment,
            ports: task.ports(image),
            memory: task.memory,
            labels: labels.map(|(name, value)| (name.to_owned(), value)).into(),
            publish: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        };
        let id = self.engine.create(&format!("mkt-certify-{}", Uuid::new_v4()), container).await;
        let id = id.map_err(|why| shown(&why))?;
        match self.engine.start(&id).await {
            Ok(()) => Ok(id),
            Err(why) => {
                self.remove(&id).await;
                Err(shown(&why))
            }
        }
    }

    /// Waits until a container that was started then is up, as agents see it, or is seen to have failed.
    pub(super) async fn until_up(&self, id: &str, begun: Instant, image: &Image, task: &Task) -> Outcome {
        let port = task.ports(image).first().copied().filter(|_| !task.scheduled);
        loop {
            match self.engine.listing.inspect(id).await {
                Ok(container) if !container.state.running => return self.ending(id, port, begun.elapsed()).await,
                Ok(container) => {
                    let at = match port {
                        Some(port) => http::listens(&container, port).await,
                        None => None,
                    };
                    let after = begun.elapsed();
                    if at.is_some() || (port.is_none() && after >= STAYS_UP) {
                        return Outcome::Up { after, at };
                    }
                }
                // An engine that can't be looked at for a moment says nothing of what it runs.
                Err(_) => {}
            }
            if begun.elapsed() > self.patience {
                return match port {
                    Some(port) => Outcome::Silent(port),
                    None => Outcome::Refused("it does not tell how it is".to_owned()),
                };
            }
            sleep(GLANCE).await;
        }
    }

    /// How a container has ended.
    async fn ending(&self, id: &str, port: Option<u16>, after: Duration) -> Outcome {
        let code = self.engine.listing.code(id).await;
        let state = self.engine.listing.inspect(id).await.ok().map(|container| container.state);
        match (code, port) {
            (Some(0), None) => Outcome::Done(after),
            _ => Outcome::Ended { code, for_memory: state.is_some_and(|state| state.killed_for_memory) },
        }
    }

    /// A container at length.
    pub(super) async fn inspect(&self, id: &str) -> Option<Inspected> {
        self.engine.listing.inspect(id).await.ok()
    }

    /// The end of what a container has printed.
    pub(super) async fn printed(&self, id: &str) -> String {
        timeout(READING, self.engine.output(id)).await.ok().and_then(Result::ok).unwrap_or_default()
    }

    /// Waits until a container runs no more.
    pub(super) async fn until_ended(&self, id: &str) {
        let begun = Instant::now();
        while begun.elapsed() < READING && self.inspect(id).await.is_some_and(|container| container.state.running) {
            sleep(GLANCE).await;
        }
    }

    pub(super) async fn remove(&self, id: &str) {
        // What is left is removed at the end.
        let _ = self.engine.remove(id).await;
    }

    /// Removes all that this trial has started.
    ///
    /// # Errors
    /// When something is left.
    pub(super) async fn clear(&self) -> Result<(), Fault> {
        let mine = format!("{LABEL}={}", self.trial);
        let mut why = "there is always another".to_owned();
        for _ in 0..5 {
            match self.engine.listing.labelled(&mine).await {
                Ok(left) if left.is_empty() => return Ok(()),
                Ok(left) => {
                    for container in left {
                        if let Err(refused) = self.engine.remove(&container.id).await {
                            why = shown(&refused);
                        }
                    }
                }
                Err(error) => why = error.to_string(),
            }
            sleep(GLANCE).await;
        }
        let what = format!("Containers may be left behind. Look for those with the label {mine}");
        Err(Fault::new(what, why))
    }

    /// As [`Self::clear`], where the engine may still be at something that was asked of it.
    pub(super) async fn clear_after_interruption(&self) -> Result<(), Fault> {
        self.clear().await?;
        sleep(10 * GLANCE).await;
        self.clear().await
    }
}
