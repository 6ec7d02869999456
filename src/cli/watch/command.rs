//! What `--exec` runs for each event.

use std::io::Write;
use std::process::{Command, ExitStatus, Stdio};

use crate::cli::error::Failed;
use crate::core::event::Event;

/// Runs a shell command with an event on its standard input, and waits for its end.
pub async fn run(command: &str, event: &Event, json: String) -> Result<(), Failed> {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).stdin(Stdio::piped());
    shell.env("MKT_EVENT_ID", event.id.to_string()).env("MKT_EVENT_TYPE", &event.event_type);
    shell.env("MKT_EVENT_RESOURCE", &event.resource_type);
    let running = tokio::task::spawn_blocking(move || -> std::io::Result<ExitStatus> {
        let mut child = shell.spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // A command that does not read is no failure.
            let _ = input.write_all(json.as_bytes()).and_then(|()| input.write_all(b"\n"));
        }
        child.wait()
    });
    let status =
        running.await.map_err(|error| Failed::new(format!("The command could not be waited for: {error}.")))?;
    let status = status.map_err(|error| Failed::new(format!("The command can't be run: {error}.")))?;
    if status.success() {
        return Ok(());
    }
    Err(Failed::new(format!("The command failed for the event {}: {status}.", event.id))
        .hint("With --resume, this event is the first of the next time."))
}
