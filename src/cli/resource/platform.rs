//! What is particular to platforms: they have a key, of which the private half stays with whoever runs the agent.

use std::path::{Path, PathBuf};

use clap::{Args as _, Command};
use serde_json::{Value, json};

use super::command::Body;
use crate::cli::error::{Code, Failed};
use crate::cli::keygen;
use crate::cli::output::Printer;
use crate::client::Collection;
use crate::core::signing::SigningKey;

// Without doc comments, which would be the help texts of the verbs.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct New {
    /// Its name: it gets a key, too
    name: Option<String>,

    #[command(flatten)]
    key: KeyFile,
}

#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct KeyFile {
    /// Where to write the private key that its agent signs in with [default: NAME.key]
    #[arg(long = "key", value_name = "FILE")]
    path: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Rotate {
    /// Its name or id
    #[arg(value_name = "NAME|ID")]
    pub item: String,

    #[command(flatten)]
    pub key: KeyFile,
}

impl New {
    /// A command with these arguments, which make it do without others.
    pub fn augment(command: Command) -> Command {
        Self::augment_args(command.mut_group("Body", |body| body.required(false)))
    }

    /// Adds them to the fields that are set, and answers the new key where there is to be one.
    pub fn add_to(self, body: &mut Body) -> Result<Option<NewKey>, Failed> {
        let Some(name) = self.name else { return Ok(None) };
        let key = NewKey::make(self.key, &name)?;
        body.sets.push(("name".to_owned(), name));
        body.sets.push(("public_key".to_owned(), key.public.clone()));
        Ok(Some(key))
    }
}

/// The command that replaces a key.
pub fn rotate() -> Command {
    let about = "Give one a new key; whoever has the old one is locked out at once";
    Rotate::augment_args(Command::new("rotate-key").about(about))
}

/// A key whose private half is in a file, under a name that says that it does not count yet.
#[derive(Debug)]
pub struct NewKey {
    public: String,
    path: PathBuf,
}

impl NewKey {
    /// Makes a key. It is in a file before the marketplace hears of it, so that no platform has a key that is lost.
    pub fn make(file: KeyFile, name: &str) -> Result<Self, Failed> {
        let plain = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
        let usual = || PathBuf::from(format!("{}.key", name.chars().map(plain).collect::<String>()));
        let path = file.path.unwrap_or_else(usual);
        if path.exists() {
            let message = format!("{} is there already, and stays as it is.", path.display());
            return Err(Failed::with_code(Code::Conflict, message).hint("Name another file with --key."));
        }
        let pem = SigningKey::generate()?;
        let key = SigningKey::from_pem(&pem).ok_or_else(|| Failed::new("The new key can't be read."))?;
        keygen::write(&unproven(&path), 0o600, pem.expose())?;
        Ok(Self { public: key.public().pem(), path })
    }

    /// Puts the key where it was wanted: the marketplace knows it now.
    pub fn settle(&self, printer: &Printer) -> Result<(), Failed> {
        // Whoever has made a file of that name meanwhile keeps it.
        std::fs::hard_link(unproven(&self.path), &self.path).map_err(|error| {
            let unproven = unproven(&self.path);
            Failed::new(format!("The private key is in {}: {error}.", unproven.display()))
        })?;
        std::fs::remove_file(unproven(&self.path))?;
        printer
            .note(&format!("The private key is in {}. Start the agent with: mkt agent --key {0}", self.path.display()));
        Ok(())
    }

    /// Forgets the key: the marketplace did not take it.
    pub fn forget(&self) {
        let _ = std::fs::remove_file(unproven(&self.path));
    }
}

fn unproven(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// Gives a platform a new key.
pub async fn give_key(
    records: &Collection<'_, Value>,
    id: uuid::Uuid,
    rotate: Rotate,
    printer: &Printer,
) -> Result<Value, Failed> {
    let name = records.find(id).await?["name"].as_str().unwrap_or_default().to_owned();
    let key = NewKey::make(rotate.key, &name)?;
    match records.update(id, &json!({ "public_key": key.public })).await {
        Ok(platform) => {
            key.settle(printer)?;
            Ok(platform)
        }
        Err(failure) => {
            key.forget();
            Err(failure.into())
        }
    }
}
