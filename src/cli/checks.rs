//! What checks builds that are submitted to `mkt serve`.

use std::path::PathBuf;
use std::time::Duration;

use clap::value_parser;
use url::Url;

use super::error::{Code, Failed};
use super::global::secret;
use crate::server::{By, Check};

#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// A program that checks each build that is submitted, and its arguments, separated by blanks. The manifest is on its
    /// standard input; with 0 it lets the build pass, else the build is rejected with what the program says. Nothing is
    /// published that has not passed
    #[arg(long, env = "MKT_CHECK_COMMAND", value_name = "COMMAND", conflicts_with = "check_url")]
    check_command: Option<String>,

    /// A webhook that does so: it is sent the submission and answers {"verdict": "passed" or "failed", "message": …}
    #[arg(long, env = "MKT_CHECK_URL", value_name = "URL", value_parser = http)]
    check_url: Option<Url>,

    /// A file with the secret that what is sent to the webhook is signed with; MKT_CHECK_SECRET holds the secret itself
    #[arg(long, env = "MKT_CHECK_SECRET_FILE", value_name = "FILE")]
    check_secret_file: Option<PathBuf>,

    /// How many seconds a check may take
    #[arg(long, env = "MKT_CHECK_TIMEOUT", value_name = "SECONDS", default_value_t = 60, value_parser = value_parser!(u64).range(1..=3600))]
    check_timeout: u64,
}

fn http(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|error: url::ParseError| error.to_string())?;
    if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err("must be an http or https URL".to_owned()) }
}

impl CheckArgs {
    /// The check, if there is to be one.
    pub fn check(self) -> Result<Option<Check>, Failed> {
        let usage = |message: &str| Failed::with_code(Code::Usage, message);
        let by = match (self.check_command, self.check_url) {
            (None, None) => return Ok(None),
            (Some(command), _) => {
                let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
                if words.is_empty() {
                    return Err(
                        usage("The command of the check is blank.").hint("Name a program, or unset MKT_CHECK_COMMAND.")
                    );
                }
                By::Command(words)
            }
            (None, Some(url)) => {
                let secret = secret("MKT_CHECK_SECRET", self.check_secret_file.as_deref())?;
                let missing = || {
                    usage("The webhook of the check needs a secret, by which it knows who asks.").hint(
                        "Make one with: openssl rand -hex 32. Give it in MKT_CHECK_SECRET or --check-secret-file.",
                    )
                };
                By::Webhook(url, secret.ok_or_else(missing)?)
            }
        };
        Ok(Some(Check { by, timeout: Duration::from_secs(self.check_timeout) }))
    }
}
