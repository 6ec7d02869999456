//! What the commands have in common that run until they are told to stop: their log, and the signal.

use std::net::SocketAddr;

use clap::ValueEnum;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::error::{Code, Failed};

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// What is logged, and how.
#[derive(Debug, clap::Args)]
pub struct LogArgs {
    /// The form of log lines
    #[arg(long, env = "MKT_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,

    /// What to log: error, warn, info, debug or trace, for all or for some modules
    #[arg(long, env = "RUST_LOG", value_name = "FILTER", default_value = "info,sqlx=warn")]
    log: String,
}

impl LogArgs {
    /// Starts to log.
    pub fn start(&self) -> Result<(), Failed> {
        let malformed = |error| Failed::with_code(Code::Usage, format!("The log filter can't be read: {error}."));
        let filter = EnvFilter::try_new(&self.log).map_err(malformed)?;
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
        match self.log_format {
            LogFormat::Text => log.with_ansi(ansi).with_target(false).init(),
            LogFormat::Json => log.json().init(),
        }
        Ok(())
    }
}

/// Resolves at SIGTERM or Ctrl-C.
pub fn stop_signal() -> Result<impl Future<Output = ()> + Send, Failed> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// The address to listen on: as given, or the port in PORT, or port 3000 of this machine alone.
pub fn listen(given: Option<SocketAddr>) -> Result<SocketAddr, Failed> {
    match (given, std::env::var("PORT")) {
        (Some(address), _) => Ok(address),
        (None, Ok(port)) => {
            let port =
                port.parse().map_err(|_| Failed::with_code(Code::Usage, "The variable PORT must be a port number."))?;
            Ok(SocketAddr::from(([0, 0, 0, 0], port)))
        }
        (None, Err(_)) => Ok(SocketAddr::from(([127, 0, 0, 1], 3000))),
    }
}
