//! The one printer: data goes to stdout, everything else to stderr.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::Value;

use super::csv;
use super::error::{Code, Failed};
use super::global::{Color, Global, Output};

/// Prints, as the global flags and the streams allow.
pub struct Printer {
    pub output: Output,
    pub quiet: bool,
    verbose: bool,
    pub color: bool,
    /// Whether data may stand out, too: only people like that.
    styled: bool,
    progress: bool,
}

impl Printer {
    pub fn new(global: &Global) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let terminal = io::stderr().is_terminal() && !dumb;
        let color = |terminal: bool| match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => !set("NO_COLOR") && (terminal || set("CLICOLOR_FORCE")),
        };
        Self {
            output: global.output(),
            quiet: global.quiet,
            verbose: global.verbose,
            color: color(terminal),
            styled: color(io::stdout().is_terminal() && !dumb),
            progress: terminal && !global.quiet,
        }
    }

    /// Prints data. A reader that has gone away has seen enough.
    pub fn data(&self, text: &str) -> Result<(), Failed> {
        let mut stdout = io::stdout().lock();
        match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
            result => Ok(result?),
        }
    }

    /// Prints a value as asked for: `table` makes the form for people, `ids` the ids.
    pub fn value<T: Serialize>(
        &self,
        value: &T,
        table: impl FnOnce(&T) -> String,
        ids: impl FnOnce(&T) -> Vec<String>,
    ) -> Result<(), Failed> {
        let text = match self.output {
            Output::Table => table(value),
            Output::Json => serde_json::to_string_pretty(value).map_err(|error| Failed::new(error.to_string()))?,
            Output::Yaml => {
                serde_saphyr::to_string(value).map_err(|error| Failed::new(error.to_string()))?.trim_end().to_owned()
            }
            Output::Csv => csv::of(&serde_json::to_value(value).map_err(|error| Failed::new(error.to_string()))?)?,
            Output::Id => printable(&ids(value).join("\n")),
        };
        if text.is_empty() { Ok(()) } else { self.data(&text) }
    }

    /// Says what happened.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.err(&printable(text));
        }
    }

    /// Says what somebody has to do now, even where nobody wants to hear what happens.
    pub fn instruct(&self, text: &str) {
        self.err(&printable(text));
    }

    /// Prints what was made for the terminal, control characters and all.
    pub fn rendered(&self, text: &str) {
        self.err(text);
    }

    /// Says more of what happens.
    pub fn detail(&self, text: &str) {
        if self.verbose {
            self.err(&printable(text));
        }
    }

    /// Warns.
    pub fn warn(&self, text: &str) {
        if !self.quiet {
            self.err(&format!("{} {}", self.painted("warning:", "33"), printable(text)));
        }
    }

    /// Tells of an error that does not end the command yet.
    pub fn error(&self, text: &str) {
        self.err(&format!("{} {}", self.painted("error:", "31"), printable(text)));
    }

    /// Tells of the failure that ends the command.
    pub fn failed(&self, failed: &Failed) -> ExitCode {
        if failed.code != Code::Interrupted {
            self.error(&failed.message);
            if let Some(hint) = &failed.hint {
                self.err(&format!("{} {}", self.painted("hint:", "36"), printable(hint)));
            }
        }
        ExitCode::from(failed.code as u8)
    }

    /// A bar for so many steps, on a terminal only.
    pub fn progress(&self, steps: usize) -> ProgressBar {
        if !self.progress || steps < 2 {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    /// A bar for so many bytes, on a terminal only.
    pub fn transfer(&self, bytes: u64, name: &str) -> ProgressBar {
        if !self.progress || bytes == 0 {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
        let template = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(printable(name));
        bar
    }

    /// A heading in data.
    pub fn heading(&self, text: &str) -> String {
        if self.styled { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// A word in bold and in a colour, where colour is wanted.
    pub fn painted(&self, text: &str, code: &str) -> String {
        if self.color { format!("\x1b[1;{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn err(&self, text: &str) {
        // Nothing can be done about a stderr that is gone.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}

/// Below this no table is readable, so it may as well be wider.
const NARROWEST: u16 = 40;

/// A table as wide as the terminal at most.
pub fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if !header.is_empty() {
        table.set_header(header.iter().copied());
    }
    // Some terminals do not tell their width.
    if table.width().is_some_and(|width| width < NARROWEST) {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)));
    }
    table.trim_fmt()
}

/// A value of JSON as a cell.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Text of others without what terminals would obey.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// The start of a longer text, on one line.
pub fn excerpt(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    line.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
