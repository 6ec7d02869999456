//! Questions to whoever sits at the terminal.

use std::io::{self, ErrorKind, IsTerminal};

use dialoguer::{Confirm, Input, Select};

use super::error::Failed;
use super::global::Global;

/// Whether there is somebody to ask, who wants to be asked.
pub fn possible(global: &Global) -> bool {
    !global.yes && !global.no_input && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for a yes; Ctrl-C is a no.
pub async fn confirmed(prompt: String, default: bool) -> Result<bool, Failed> {
    let asked = answer(move || Confirm::new().with_prompt(prompt).default(default).interact()).await?;
    Ok(asked.unwrap_or(false))
}

/// Asks for one of several and answers its place; Ctrl-C is none.
pub async fn chosen(prompt: &'static str, items: Vec<String>) -> Result<Option<usize>, Failed> {
    answer(move || Select::new().with_prompt(prompt).items(items).default(0).interact()).await
}

/// Asks for a text that passes the check, which says what the text must be; Ctrl-C is none.
pub async fn text<F>(prompt: &'static str, default: String, check: F) -> Result<Option<String>, Failed>
where
    F: Fn(&str) -> Result<(), String> + Send + 'static,
{
    let question = move || {
        let question = Input::<String>::new().with_prompt(prompt).allow_empty(true);
        let question = if default.is_empty() { question } else { question.default(default) };
        question.validate_with(|text: &String| check(text)).interact_text()
    };
    answer(question).await
}

/// Asks, on a thread of its own, so that Ctrl-C is heard and leaves the terminal with its cursor.
async fn answer<T: Send + 'static>(
    question: impl FnOnce() -> dialoguer::Result<T> + Send + 'static,
) -> Result<Option<T>, Failed> {
    let answer = tokio::select! {
        answer = tokio::task::spawn_blocking(question) => answer.map_err(|error| Failed::new(error.to_string()))?,
        _ = tokio::signal::ctrl_c() => Err(io::Error::from(ErrorKind::Interrupted).into()),
    };
    match answer {
        Ok(answer) => Ok(Some(answer)),
        // Whichever of the two hears of Ctrl-C first.
        Err(dialoguer::Error::IO(error)) if error.kind() == ErrorKind::Interrupted => {
            dialoguer::console::Term::stderr().show_cursor()?;
            Ok(None)
        }
        Err(error) => Err(Failed::new(error.to_string())),
    }
}
