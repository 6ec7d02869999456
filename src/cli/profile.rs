//! `mkt profile add|use|list|remove`

use std::collections::btree_map::Entry;

use clap::Subcommand;
use serde_json::{Value, json};

use super::error::{Code, Failed};
use super::global::Global;
use super::marketplace::{Config, Credentials, Folder, Profile, checked, default_server};
use super::output::{Printer, cell, table};

/// The longest name of a profile.
const LONGEST_NAME: usize = 64;

/// Keep several marketplaces as named profiles, each with a server and a token of its own
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a profile for the marketplace that --server names
    Add {
        /// What to call it: letters, digits, dots, dashes and underscores
        #[arg(value_parser = new_name)]
        name: String,
    },
    /// Use a profile wherever none is named
    Use {
        /// The profile
        name: String,
    },
    /// List the profiles
    List,
    /// Remove a profile, and forget its token
    Remove {
        /// The profile
        name: String,
    },
}

pub fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    match args.action {
        Action::Add { name } => add(&name, global, printer),
        Action::Use { name } => choose(&name, printer),
        Action::List => list(global, printer),
        Action::Remove { name } => remove(&name, printer),
    }
}

fn new_name(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    if text.is_empty() || text.len() > LONGEST_NAME || !text.chars().all(fits) {
        return Err(format!("write up to {LONGEST_NAME} letters, digits, dots, dashes and underscores"));
    }
    Ok(text.to_owned())
}

fn add(name: &str, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let server = match global.server.clone() {
        Some(server) => checked(server)?,
        None => default_server()?,
    };
    Config::change(&Folder::required()?, |config| match config.profiles.entry(name.to_owned()) {
        Entry::Vacant(place) => {
            place.insert(Profile { server: server.clone() });
            Ok(())
        }
        Entry::Occupied(taken) => {
            let message = format!("There is a profile {name} already, for {}.", taken.get().server);
            Err(Failed::with_code(Code::Conflict, message)
                .hint(format!("Remove it first, with: mkt profile remove {name}")))
        }
    })?;
    printer.note(&format!("Added the profile {name} for {server}. Use it with: mkt profile use {name}"));
    Ok(())
}

fn choose(name: &str, printer: &Printer) -> Result<(), Failed> {
    Config::change(&Folder::required()?, |config| {
        config.require(name)?;
        config.profile = Some(name.to_owned());
        Ok(())
    })?;
    printer.note(&format!("The profile {name} is in use from now on."));
    Ok(())
}

fn list(global: &Global, printer: &Printer) -> Result<(), Failed> {
    let config = Config::read(Folder::find().as_ref())?;
    let chosen = config.chosen(global.profile())?;
    let fallback = default_server()?;
    let shown = |name: &str| {
        let server = config.server(name).unwrap_or(&fallback);
        json!({ "name": name, "server": server, "in_use": name == chosen })
    };
    let profiles: Vec<Value> = config.names().map(shown).collect();
    let row = |profile: &Value| {
        let mark = if profile["in_use"] == true { "in use" } else { "" };
        vec![cell(&profile["name"]), cell(&profile["server"]), mark.to_owned()]
    };
    printer.value(
        &profiles,
        |profiles| table(&["NAME", "SERVER", ""], profiles.iter().map(row)),
        |profiles| profiles.iter().map(|profile| cell(&profile["name"])).collect(),
    )
}

fn remove(name: &str, printer: &Printer) -> Result<(), Failed> {
    let folder = Folder::required()?;
    Config::read(Some(&folder))?.require(name)?;
    // The token goes first: whatever fails after that leaves none behind that nobody knows of.
    if Credentials::forget(&folder, name)? {
        printer.note("Its token was forgotten here, and stays valid until it ends.");
    }
    Config::change(&folder, |config| {
        config.profiles.remove(name);
        config.profile.take_if(|chosen| chosen == name);
        Ok(())
    })?;
    printer.note(&format!("Removed the profile {name}."));
    Ok(())
}
