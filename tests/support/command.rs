//! The command line, run without the settings of the machine.

use std::process::{Command, Output, Stdio};

/// Arguments, variables, the exit code expected, and a part of what stderr should say.
pub type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], i32, &'a str);

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// The command's output, if it succeeded.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}\n{}", self.stdout, self.stderr);
        self.stdout
    }

    /// The command's output as JSON, if it succeeded.
    #[track_caller]
    pub fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.ok()).unwrap()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// The binary with nothing of the environment but what it needs to run.
pub fn bare() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mkt"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    // Nothing can be made there, not even by root.
    command.env("HOME", "/dev/null/home");
    // The images of most tests are made up.
    command.env("MKT_NO_RESOLVE", "true");
    command.stdin(Stdio::null());
    command
}

/// Runs `mkt` with these arguments and variables to its end.
pub async fn mkt(arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = bare();
    command.args(arguments).envs(variables.iter().copied());
    tokio::task::spawn_blocking(move || command.output().unwrap().into()).await.unwrap()
}
