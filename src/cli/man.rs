//! `mkt man`

use std::path::PathBuf;

use clap::Command;
use clap_mangen::Man;

use super::error::Failed;
use super::output::Printer;

/// Print the manual page, or write all of them into a folder
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder
    dir: Option<PathBuf>,
}

pub fn run(args: &Args, mut command: Command, printer: &Printer) -> Result<(), Failed> {
    command.build();
    let Some(folder) = &args.dir else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page)?;
        return printer.data(String::from_utf8_lossy(&page).trim_end());
    };
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(command, folder)?;
    printer.note(&format!("Wrote the manual to {}.", folder.display()));
    Ok(())
}
