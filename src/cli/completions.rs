//! `mkt completions`

use clap::Command;
use clap_complete::Shell;

use super::error::Failed;
use super::output::Printer;

/// Print a shell's completions
///
/// For bash: mkt completions bash > ~/.local/share/bash-completion/completions/mkt
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    shell: Shell,
}

pub fn run(args: &Args, mut command: Command, printer: &Printer) -> Result<(), Failed> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "mkt", &mut script);
    printer.data(String::from_utf8_lossy(&script).trim_end())
}
