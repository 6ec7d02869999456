//! Questions to whoever sits at the terminal.

use std::io::IsTerminal;

use dialoguer::Confirm;

use super::error::Failed;
use super::global::Global;

/// Whether there is somebody to ask, who wants to be asked.
pub fn possible(global: &Global) -> bool {
    !global.yes && !global.no_input && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks, on a thread of its own, so that Ctrl-C is heard and leaves the terminal with its cursor.
pub async fn confirmed(prompt: String, default: bool) -> Result<bool, Failed> {
    let asked = tokio::task::spawn_blocking(move || Confirm::new().with_prompt(prompt).default(default).interact());
    tokio::select! {
        answer = asked => {
            let answer = answer.map_err(|error| Failed::new(error.to_string()))?;
            answer.map_err(|error| Failed::new(error.to_string()))
        }
        _ = tokio::signal::ctrl_c() => {
            dialoguer::console::Term::stderr().show_cursor()?;
            Ok(false)
        }
    }
}
