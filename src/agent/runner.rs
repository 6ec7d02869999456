//! Runners: what starts, stops and looks after tasks. One for containers, one for processes, and one that only pretends.

pub(super) mod docker;
mod idle;
mod process;
mod process_table;

use std::fmt;
use std::net::SocketAddr;
use std::num::ParseIntError;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::clock::Timestamp;
use crate::core::deployment::environment::Values;
use crate::core::field::Schedule;
use crate::core::id::Id;
use crate::core::model::Instance;

pub use docker::Docker;
pub use idle::Idle;
pub use process::Process;

/// How long a task may take to stop when it is asked to, before it is killed.
pub const GRACE: Duration = Duration::from_secs(15);
/// How many bytes of a task's output are looked at.
pub const OUTPUT: usize = 64 * 1024;

/// Which replica of which task it is, in which revision of its instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UnitKey {
    /// The instance.
    pub instance: Id<Instance>,
    /// The task's name.
    pub task: String,
    /// Which of several.
    pub replica: Replica,
    /// What tells all that it is made from.
    pub revision: String,
}

/// Which of a task's units it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replica {
    /// Of those that run side by side, counted from 0.
    Number(i64),
    /// Of those that follow one another by a schedule, that which was due then, in seconds since 1970.
    Due(i64),
}

/// How those of a task with a schedule are marked.
const DUE: &str = "due-";

impl Replica {
    /// Its number among those that run side by side.
    pub fn number(self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Due(_) => None,
        }
    }
}

impl fmt::Display for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Due(at) => write!(f, "{DUE}{at}"),
        }
    }
}

impl FromStr for Replica {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        match text.strip_prefix(DUE) {
            Some(at) => at.parse().map(Self::Due),
            None => text.parse().map(Self::Number),
        }
    }
}

/// Something that is to be started.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Which it is.
    pub key: UnitKey,
    /// The product and its version, for people.
    pub title: String,
    /// The image, by digest where that is known.
    pub image: Option<String>,
    /// What the operator has processes of this product start with.
    pub command: Option<Vec<String>>,
    /// The task's arguments.
    pub options: Vec<String>,
    /// Its environment.
    pub environment: Values,
    /// The TCP ports that it serves.
    pub ports: Vec<u16>,
    /// The most memory that it may take, in MiB.
    pub memory: i64,
    /// When it runs; none means always.
    pub schedule: Option<Schedule>,
}

/// Whether a unit runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitState {
    /// It does.
    Running,
    /// It has ended, with this code where it is known.
    Ended(Option<i64>),
}

/// Something that was started.
#[derive(Debug, Clone)]
pub struct Unit {
    /// Which it is.
    pub key: UnitKey,
    /// The container's or process's id.
    pub id: String,
    /// Whether it runs.
    pub state: UnitState,
    /// Where others on the platform reach its first port, if it serves any.
    pub address: Option<SocketAddr>,
    /// Where that port is published, if it is.
    pub published: Option<SocketAddr>,
    /// Since when.
    pub started_at: Timestamp,
}

impl Unit {
    /// Whether it runs.
    pub fn runs(&self) -> bool {
        self.state == UnitState::Running
    }
}

/// Why something could not be done, as a sentence.
#[derive(Debug, Clone)]
pub struct Fault(pub String);

impl Fault {
    /// What could not be done, and why.
    pub fn new(what: impl fmt::Display, why: impl fmt::Display) -> Self {
        Self(format!("{what}: {why}."))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What starts and stops tasks on this machine.
pub enum Runner {
    /// Containers, by the API of Docker and Podman.
    Docker(Docker),
    /// Processes.
    Process(Process),
    /// Nothing: what is started is only said to run.
    Idle(Idle),
}

impl Runner {
    /// What this platform's agents have started here and not removed, whether or not it still runs.
    ///
    /// # Errors
    /// When it can't be looked at.
    pub async fn units(&self) -> Result<Vec<Unit>, Fault> {
        match self {
            Self::Docker(docker) => docker.units().await,
            Self::Process(process) => process.units(),
            Self::Idle(idle) => Ok(idle.units()),
        }
    }

    /// Whether what a launch takes is here already.
    pub async fn has(&self, launch: &Launch) -> bool {
        match self {
            Self::Docker(docker) => docker.has(launch).await,
            Self::Process(_) | Self::Idle(_) => true,
        }
    }

    /// Fetches what a launch takes.
    ///
    /// # Errors
    /// When it is not to be had, or is something else than was meant.
    pub async fn fetch(&self, launch: &Launch) -> Result<(), Fault> {
        match self {
            Self::Docker(docker) => docker.fetch(launch).await,
            Self::Process(_) | Self::Idle(_) => Ok(()),
        }
    }

    /// Starts something.
    ///
    /// # Errors
    /// When it can't be started.
    pub async fn start(&self, launch: &Launch) -> Result<Unit, Fault> {
        match self {
            Self::Docker(docker) => docker.start(launch).await,
            Self::Process(process) => process.start(launch),
            Self::Idle(idle) => Ok(idle.start(launch)),
        }
    }

    /// Stops a unit, by force if it does not stop within 15 s, and removes it.
    ///
    /// # Errors
    /// When it can't be stopped.
    pub async fn stop(&self, unit: &Unit) -> Result<(), Fault> {
        match self {
            Self::Docker(docker) => docker.stop(unit).await,
            Self::Process(process) => process.stop(unit).await,
            Self::Idle(idle) => {
                idle.stop(unit);
                Ok(())
            }
        }
    }

    /// The end of what a unit has printed, at most 64 KiB.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn output(&self, unit: &Unit) -> Result<String, Fault> {
        match self {
            Self::Docker(docker) => docker.output(unit).await,
            Self::Process(process) => process.output(unit),
            Self::Idle(_) => Ok(String::new()),
        }
    }
}
