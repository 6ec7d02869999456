//! Flags that every command has, and the environment variables behind them.

use std::path::{Path, PathBuf};

use clap::{ArgAction, ValueEnum};
use url::Url;

use super::error::Failed;
use super::marketplace::{Marketplace, Source, Token};
use super::output::Printer;
use crate::client::Client;
use crate::core::secret::Secret;

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Table,
    /// As the API has it.
    Json,
    /// The same, as YAML.
    Yaml,
    /// Comma-separated values, a line each; nested ones as JSON.
    Csv,
    /// Ids only.
    Id,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, clap::Args)]
pub struct Global {
    /// The marketplace's address [default: that of the profile, else http://127.0.0.1:3000]
    #[arg(long, global = true, env = "MKT_SERVER", value_name = "URL", help_heading = "Global options")]
    pub server: Option<Url>,

    /// The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]
    #[arg(long, global = true, env = "MKT_PROFILE", value_name = "NAME", help_heading = "Global options")]
    profile: Option<String>,

    /// A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]
    #[arg(long, global = true, env = "MKT_TOKEN_FILE", value_name = "FILE", help_heading = "Global options")]
    pub token_file: Option<PathBuf>,

    /// How to print data
    #[arg(long, global = true, env = "MKT_OUTPUT", value_enum, default_value_t = Output::Table, help_heading = "Global options")]
    output: Output,

    /// Short for --output json
    #[arg(long, global = true, action = ArgAction::SetTrue, help_heading = "Global options")]
    json: bool,

    /// Print data and errors only
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub quiet: bool,

    /// Print more of what happens
    #[arg(long, global = true, conflicts_with = "quiet", help_heading = "Global options")]
    pub verbose: bool,

    /// Never ask
    #[arg(long, global = true, help_heading = "Global options")]
    pub no_input: bool,

    /// Answer yes to all that would be asked
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub yes: bool,

    /// When to use colour
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto, help_heading = "Global options")]
    pub color: Color,
}

/// The variables that hold secrets themselves. They have no flags: other users of a machine see flags.
const SECRETS: [&str; 5] = ["MKT_TOKEN", "MKT_SECRET_KEY", "MKT_ADMIN_TOKEN", "MKT_CHECK_SECRET", "MKT_PLATFORM_KEY"];

impl Global {
    /// How to print data.
    pub fn output(&self) -> Output {
        if self.json { Output::Json } else { self.output }
    }

    /// The profile that was named.
    pub fn profile(&self) -> Option<&str> {
        self.profile.as_deref().filter(|name| !name.is_empty())
    }

    /// The token that flags or the environment give.
    pub fn token(&self) -> Result<Option<Token>, Failed> {
        let source = self.token_file.clone().map_or(Source::Environment, Source::File);
        let secret = secret("MKT_TOKEN", self.token_file.as_deref())?;
        Ok(secret.map(|secret| Token { secret, source }))
    }

    /// A client of the marketplace, with the token if there is one.
    pub fn client(&self) -> Result<Client, Failed> {
        Marketplace::of(self)?.client()
    }

    /// A client of the marketplace without any token.
    pub fn client_of_nobody(&self) -> Result<Client, Failed> {
        Marketplace::of(self)?.client_with(None)
    }
}

/// The secret in a file or else in an environment variable, if there is one.
pub fn secret(variable: &str, file: Option<&Path>) -> Result<Option<Secret>, Failed> {
    if let Some(path) = file {
        return read_secret(path).map(Some);
    }
    Ok(std::env::var(variable).ok().filter(|text| !text.trim().is_empty()).map(Secret::new))
}

/// The secret in a file.
pub fn read_secret(path: &Path) -> Result<Secret, Failed> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failed::new(format!("Can't read {}: {error}.", path.display())))?;
    if text.trim().is_empty() {
        return Err(Failed::new(format!("The file {} is empty, where a secret should be.", path.display())));
    }
    Ok(Secret::new(text))
}

/// Warns of variables that start like ours and are none of them.
pub fn warn_of_misspelt_variables(command: &clap::Command, printer: &Printer) {
    let mut known: Vec<String> = SECRETS.map(str::to_owned).into();
    collect(command, &mut known);
    for (name, _) in std::env::vars_os() {
        // Those of the test suite are not settings.
        let ours = |name: &&str| name.starts_with("MKT_") && !name.starts_with("MKT_TEST_");
        let Some(name) = name.to_str().filter(ours) else { continue };
        if known.iter().any(|known| known == name) {
            continue;
        }
        let near = known.iter().max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
        let meant =
            near.filter(|near| strsim::jaro_winkler(near, name) > 0.88).map(|near| format!(" Did you mean {near}?"));
        printer.warn(&format!("The environment variable {name} means nothing to mkt.{}", meant.unwrap_or_default()));
    }
}

fn collect(command: &clap::Command, known: &mut Vec<String>) {
    known.extend(command.get_arguments().filter_map(|arg| arg.get_env()?.to_str().map(str::to_owned)));
    command.get_subcommands().for_each(|command| collect(command, known));
}
