//! `mkt keygen`

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::error::{Code, Failed};
use super::global::Global;
use super::output::{Printer, cell, table};
use crate::client::Client;
use crate::core::model::PublisherKey;
use crate::core::signing::SigningKey;

/// Make a key to sign packages with
///
/// FILE has the private key, which only you can read: keep it as a secret of your CI. FILE.pub has the public one. The
/// marketplace takes signatures by keys that you have registered.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to write the private key
    file: PathBuf,

    /// Register the public key with the marketplace, under this name
    #[arg(long, value_name = "NAME")]
    register: Option<String>,
}

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    // Whoever can't be asked now has no use for a key that was to be registered.
    let client = args.register.as_ref().map(|_| global.client()).transpose()?;
    let pem = SigningKey::generate()?;
    let key = SigningKey::from_pem(&pem).ok_or_else(|| Failed::new("The new key can't be read."))?;
    let mut public_file = args.file.clone().into_os_string();
    public_file.push(".pub");
    let public_file = PathBuf::from(public_file);
    write(&args.file, 0o600, pem.expose())?;
    if let Err(failed) = write(&public_file, 0o644, &key.public().pem()) {
        forget(&[&args.file]);
        return Err(failed);
    }
    if let (Some(client), Some(name)) = (client, &args.register)
        && let Err(failed) = register(&client, name, &key).await
    {
        // Of a call that was cut off nobody knows whether it was heard.
        if failed.code == Code::Away {
            let hint = format!("The key is in {}. Register it with: mkt publisher-key create", args.file.display());
            return Err(failed.hint(hint));
        }
        forget(&[&args.file, &public_file]);
        return Err(failed);
    }
    let made = json!({
        "fingerprint": key.public().fingerprint(),
        "private_key": args.file,
        "public_key": public_file,
        "registered_as": args.register,
    });
    let fields = ["fingerprint", "private_key", "public_key", "registered_as"];
    let described = |made: &Value| {
        let told = fields.iter().filter(|field| !made[**field].is_null());
        table(&[], told.map(|field| vec![(*field).to_owned(), cell(&made[*field])]))
    };
    printer.value(&made, described, |made| vec![cell(&made["fingerprint"])])?;
    if args.register.is_none() {
        let public_file = public_file.display();
        printer.note(&format!(
            "Register it: mkt publisher-key create --set name=ci --set public_key=\"$(cat {public_file})\""
        ));
    }
    Ok(())
}

/// Registers a key for whoever is signed in.
async fn register(client: &Client, name: &str, key: &SigningKey) -> Result<(), Failed> {
    let status = client.status().await?;
    let user = status["identity"]["user_id"].as_str().and_then(|id| id.parse().ok());
    let user = user.ok_or_else(|| {
        Failed::with_code(Code::Refused, "No key was made: it can't be registered, for you are not signed in.")
            .hint("Sign in with: mkt login")
    })?;
    let fields = json!({ "name": name, "public_key": key.public().pem() });
    client.collection::<PublisherKey>(&[user]).create(&fields).await?;
    Ok(())
}

/// Removes files of a key that nobody knows, which would be in the way of the next try.
fn forget(files: &[&Path]) {
    files.iter().for_each(|file| drop(std::fs::remove_file(file)));
}

/// Writes a file that is not there yet: a key that is lost can't be made again.
pub fn write(path: &Path, mode: u32, text: &str) -> Result<(), Failed> {
    let created = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let written = created.and_then(|mut file: File| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Failed::with_code(Code::Conflict, format!("{} is there already, and stays as it is.", path.display()))
                .hint("Name another file.")
        }
        _ => Failed::new(format!("Can't write {}: {error}.", path.display())),
    })
}
