//! The command line: one file a command, each its arguments and one function.

mod agent;
mod ask;
mod audit;
mod authorize;
mod certify;
mod checks;
mod completions;
mod csv;
mod daemon;
mod diagnostics;
mod error;
mod global;
mod import;
mod init;
mod keygen;
mod label;
mod limits;
mod login;
mod logout;
mod man;
mod marketplace;
mod migrate;
mod near;
mod openapi;
mod output;
mod package;
mod plan;
mod profile;
mod publish;
mod registry;
mod resource;
mod review;
mod search;
mod serve;
mod signing_key;
mod status;
mod storage;
mod ui;
mod validate;
mod verify;
mod verify_receipt;
mod watch;
mod whoami;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use error::Failed;
use global::Global;
use output::Printer;

/// A health-product marketplace: serve it, publish to it, follow it.
#[derive(Parser)]
#[command(name = "mkt", version, max_term_width = 100, disable_help_subcommand = true, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 4 not signed in or not allowed, 5 not found, 6 conflict, \
                        7 refused by licence, 8 network or time-out (worth retrying), 130 interrupted."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(Box<serve::Args>),
    Ui(Box<ui::Args>),
    Agent(Box<agent::Args>),
    Migrate(migrate::Args),
    Init(Box<init::Args>),
    Validate(validate::Args),
    Certify(Box<certify::Args>),
    Publish(publish::Args),
    Import(import::Args),
    Keygen(keygen::Args),
    Verify(verify::Args),
    Review(review::Args),
    Watch(watch::Args),
    Plan(plan::Args),
    Search(search::Args),
    Label(label::Args),
    Authorize(authorize::Args),
    VerifyReceipt(verify_receipt::Args),
    Status(status::Args),
    Audit(audit::Args),
    SigningKey(signing_key::Args),
    Login(login::Args),
    Logout(logout::Args),
    Whoami(whoami::Args),
    Profile(profile::Args),
    Completions(completions::Args),
    Man(man::Args),
    Openapi(openapi::Args),
    #[command(flatten)]
    Resource(resource::Args),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let printer = Printer::new(&cli.global);
    match run(cli, &printer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => printer.failed(&failed),
    }
}

fn run(cli: Cli, printer: &Printer) -> Result<(), Failed> {
    global::warn_of_misspelt_variables(&Cli::command(), printer);
    let global = &cli.global;
    match cli.command {
        Command::Serve(args) => block_on(serve::run(*args, printer)),
        Command::Ui(args) => block_on(ui::run(*args)),
        Command::Agent(args) => block_on(agent::run(*args, global, printer)),
        Command::Migrate(args) => block_on(migrate::run(args, printer)),
        Command::Init(args) => block_on(init::run(*args, global, printer)),
        Command::Validate(args) => validate::run(&args, printer),
        Command::Certify(args) => block_on(certify::run(*args, printer)),
        Command::Publish(args) => block_on(publish::run(args, global, printer)),
        Command::Import(args) => block_on(import::run(args, global, printer)),
        Command::Keygen(args) => block_on(keygen::run(args, global, printer)),
        Command::Verify(args) => block_on(verify::run(args, global, printer)),
        Command::Review(args) => block_on(review::run(args, global, printer)),
        Command::Watch(args) => block_on(watch::run(args, global, printer)),
        Command::Plan(args) => block_on(plan::run(args, global, printer)),
        Command::Search(args) => block_on(search::run(args, global, printer)),
        Command::Label(args) => block_on(label::run(args, global, printer)),
        Command::Authorize(args) => block_on(authorize::run(args, global, printer)),
        Command::VerifyReceipt(args) => block_on(verify_receipt::run(args, global, printer)),
        Command::Audit(args) => block_on(audit::run(args, global, printer)),
        Command::SigningKey(args) => block_on(signing_key::run(args, printer)),
        Command::Status(args) => block_on(status::run(&args, global, printer)),
        Command::Login(args) => block_on(login::run(args, global, printer)),
        Command::Logout(args) => block_on(logout::run(&args, global, printer)),
        Command::Whoami(args) => block_on(whoami::run(&args, global, printer)),
        Command::Profile(args) => profile::run(args, global, printer),
        Command::Completions(args) => completions::run(&args, Cli::command(), printer),
        Command::Man(args) => man::run(&args, Cli::command(), printer),
        Command::Openapi(args) => openapi::run(&args, printer),
        Command::Resource(args) => block_on(resource::run(args, global, printer)),
    }
}

/// Runs a command that needs the network, and all that comes with it.
fn block_on(command: impl Future<Output = Result<(), Failed>>) -> Result<(), Failed> {
    rustls::crypto::ring::default_provider().install_default().map_err(|_| Failed::new("TLS was set up twice."))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(command);
    // A question that nobody answers is left behind.
    runtime.shutdown_background();
    result
}
