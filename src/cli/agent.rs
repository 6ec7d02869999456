//! `mkt agent`

mod doctor;

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use uuid::Uuid;

use super::daemon::{LogArgs, stop_signal};
use super::error::{Code, Failed};
use super::global::{Global, read_secret, secret};
use super::output::Printer;
use crate::agent::{Agent, Docker, Fault, Idle, Operator, Process, Runner, Settings, State, Trust};
use crate::core::signing::{Ed25519Key, SigningKey};

/// What starts the tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RunnerKind {
    /// Containers, by the socket of Docker or Podman.
    Docker,
    /// Processes of this machine, with the commands in the operator's file.
    Process,
    /// Nothing: tasks are only said to run. For trying out.
    Idle,
}

/// Keep a platform: run what its marketplace wants to run there, and tell how far it is
///
/// What runs goes on when the agent ends, and the next one takes it over.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,

    #[command(flatten)]
    agent: AgentArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    Doctor(doctor::Args),
}

/// What an agent is set to.
#[derive(Debug, clap::Args)]
struct AgentArgs {
    /// The platform's id, as mkt platform create tells
    #[arg(long, env = "MKT_PLATFORM_ID", value_name = "ID")]
    platform: Option<Uuid>,

    /// A file with the platform's private key; MKT_PLATFORM_KEY holds the key itself
    #[arg(long, env = "MKT_PLATFORM_KEY_FILE", value_name = "FILE")]
    key: Option<PathBuf>,

    /// What starts the tasks
    #[arg(long, env = "MKT_RUNNER", value_enum, default_value_t = RunnerKind::Docker)]
    runner: RunnerKind,

    /// The socket of the container engine
    #[arg(long, env = "MKT_DOCKER_SOCKET", value_name = "FILE", default_value = "/var/run/docker.sock")]
    docker_socket: PathBuf,

    /// The folder of what the agent keeps on this machine [default: mkt/agent under $XDG_STATE_HOME]
    #[arg(long, env = "MKT_AGENT_STATE", value_name = "DIR")]
    state: Option<PathBuf>,

    /// The operator's file (TOML): values that stay on this machine, commands of processes, where ports are published
    #[arg(long, env = "MKT_OPERATOR_FILE", value_name = "FILE")]
    operator: Option<PathBuf>,

    /// Run only images that are named by digest
    #[arg(long, env = "MKT_REQUIRE_DIGEST")]
    require_digest: bool,

    /// Run only what its publisher has signed
    #[arg(long, env = "MKT_REQUIRE_SIGNATURE")]
    require_signature: bool,

    /// Files with public keys that packages must be signed by [default: any that the marketplace knows]
    #[arg(long, env = "MKT_TRUSTED_KEYS", value_name = "FILE", value_delimiter = ',')]
    trusted_key: Vec<PathBuf>,

    #[command(flatten)]
    log: LogArgs,
}

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    match args.action {
        Some(Action::Doctor(doctor)) => doctor::run(doctor, global, printer).await,
        None => keep(&args.agent, global).await,
    }
}

async fn keep(args: &AgentArgs, global: &Global) -> Result<(), Failed> {
    args.log.start()?;
    let stop = stop_signal()?;
    let settings = Settings {
        client: global.client_of_nobody()?,
        platform: args.platform()?,
        key: args.key()?,
        operator: args.operator()?,
        trust: args.trust()?,
        state: args.state()?,
        runner: args.runner().await?,
    };
    Ok(Agent::new(settings).run(stop).await?)
}

impl AgentArgs {
    fn platform(&self) -> Result<Uuid, Failed> {
        let missing = || {
            Failed::with_code(Code::Usage, "Which platform is to be kept?")
                .hint("Name it with --platform ID or MKT_PLATFORM_ID. Make one with: mkt platform create NAME")
        };
        self.platform.ok_or_else(missing)
    }

    fn key(&self) -> Result<SigningKey, Failed> {
        let missing = || {
            Failed::with_code(Code::Usage, "The agent needs the platform's private key.")
                .hint("Name its file with --key FILE or MKT_PLATFORM_KEY_FILE, or put it into MKT_PLATFORM_KEY.")
        };
        let pem = secret("MKT_PLATFORM_KEY", self.key.as_deref())?.ok_or_else(missing)?;
        let none = || Failed::new("What is given as the platform's key is no private key of Ed25519 in PEM.");
        SigningKey::from_pem(&pem).ok_or_else(none)
    }

    fn operator(&self) -> Result<Operator, Failed> {
        Ok(self.operator.as_deref().map(Operator::read).transpose()?.unwrap_or_default())
    }

    fn trust(&self) -> Result<Trust, Failed> {
        let read = |path: &PathBuf| {
            let none = || Failed::new(format!("{} has no public key of Ed25519.", path.display()));
            Ed25519Key::parse(read_secret(path)?.expose()).ok_or_else(none)
        };
        let keys = self.trusted_key.iter().map(read).collect::<Result<_, Failed>>()?;
        Ok(Trust { digests: self.require_digest, signatures: self.require_signature, keys })
    }

    /// The folder of this platform's agent.
    fn folder(&self) -> Result<PathBuf, Failed> {
        let folder = self.state.clone().or_else(state_folder).ok_or_else(|| {
            Failed::with_code(Code::Usage, "Where may the agent keep what it needs? There is no HOME.")
                .hint("Name a folder with --state DIR or MKT_AGENT_STATE.")
        })?;
        Ok(folder.join(self.platform()?.to_string()))
    }

    fn state(&self) -> Result<State, Failed> {
        Ok(State::open(self.folder()?)?)
    }

    async fn runner(&self) -> Result<Runner, Failed> {
        let (platform, publish) = (self.platform()?, self.operator()?.publish);
        Ok(match self.runner {
            RunnerKind::Docker => Runner::Docker(Docker::connect(&self.docker_socket, platform, publish).await?),
            RunnerKind::Process => Runner::Process(Process::open(self.folder()?.join("processes"))?),
            RunnerKind::Idle => Runner::Idle(Idle::default()),
        })
    }
}

/// `$XDG_STATE_HOME/mkt/agent`, else `~/.local/state/mkt/agent`.
fn state_folder() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || absolute("HOME").map(|home| home.join(".local/state"));
    Some(absolute("XDG_STATE_HOME").or_else(home)?.join("mkt/agent"))
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::new(fault.0)
    }
}
