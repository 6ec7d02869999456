//! `mkt man`

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Command;
use clap_mangen::Man;

use super::error::Failed;
use super::output::Printer;
use super::resource;

/// Print the manual page, or write all of them into a folder
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder
    dir: Option<PathBuf>,
}

pub fn run(args: &Args, mut command: Command, printer: &Printer) -> Result<(), Failed> {
    command.build();
    let Some(folder) = &args.dir else {
        return printer.data(String::from_utf8_lossy(&page(&command)?).trim_end());
    };
    std::fs::create_dir_all(folder)?;
    write(&command, folder)?;
    printer.note(&format!("Wrote the manual to {}.", folder.display()));
    Ok(())
}

/// Writes the page of a command and those of its subcommands.
fn write(command: &Command, folder: &Path) -> io::Result<()> {
    std::fs::write(folder.join(Man::new(command.clone()).get_filename()), page(command)?)?;
    let pages = command.get_subcommands().filter(|_| !resource::is_noun(command));
    pages.into_iter().try_for_each(|command| write(command, folder))
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let man = Man::new(command.clone());
    if resource::is_noun(command) {
        man.render_title(&mut page)?;
        man.render_name_section(&mut page)?;
        man.render_synopsis_section(&mut page)?;
        command.get_subcommands().try_for_each(|verb| section(verb, &mut page))?;
        man.render_options_section(&mut page)?;
    } else {
        man.render(&mut page)?;
    }
    Ok(page)
}

/// Writes a verb of a noun as a section: as pages of their own, those of all nouns would repeat each other.
fn section(verb: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    let special = |arg: &clap::Arg| arg.is_global_set() || arg.get_id() == "help";
    let man = Man::new(verb.clone().mut_args(|arg| if special(&arg) { arg.hide(true) } else { arg }));
    let mut text = Vec::new();
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if verb.get_after_help().is_some() {
        man.render_extra_section(&mut text)?;
    }
    let text = String::from_utf8_lossy(&text).replace(".SH ", ".SS ");
    write!(page, ".SH {}\n{text}", verb.get_name().to_uppercase())
}
