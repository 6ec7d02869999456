//! Somebody's home, where commands keep settings and tokens.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::command::{Ran, bare};

/// A home of its own. It is gone when dropped.
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A file that `mkt` keeps.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(".config/mkt").join(name)
    }

    /// Puts a file there, with its folder.
    pub fn put(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.file(name).parent().unwrap()).unwrap();
        std::fs::write(self.file(name), text).unwrap();
    }

    /// What Docker keeps of registries there.
    pub fn docker(&self, configuration: &str) {
        let folder = self.0.path().join(".docker");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.json"), configuration).unwrap();
    }

    /// `mkt` with these arguments and variables.
    pub fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = bare();
        command.env("HOME", self.0.path()).args(arguments).envs(variables.iter().copied());
        command
    }

    /// Runs it to its end.
    pub async fn mkt(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        self.piped(arguments, variables, "").await
    }

    /// Runs it with a text on its standard input.
    pub async fn piped(&self, arguments: &[&str], variables: &[(&str, &str)], text: &str) -> Ran {
        let mut command = self.command(arguments, variables);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that reads nothing may have ended already.
        let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
        Ran::from(tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap())
    }
}
