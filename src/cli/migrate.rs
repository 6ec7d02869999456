//! `mkt migrate`

use clap::Subcommand;

use super::error::{Code, Failed};
use super::output::{Printer, table};
use super::storage::DatabaseArgs;
use crate::core::db::{Db, MigrationState, State, Wait};
use crate::core::seed;

/// Bring the database's schema up to date, or tell where it stands
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,

    #[command(flatten)]
    database: DatabaseArgs,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Action {
    /// Apply what is missing, creating the database if need be (the default)
    Run,
    /// List all migrations and whether each is applied
    Status,
    /// Exit with 1 if any is missing
    Check,
}

pub async fn run(args: Args, printer: &Printer) -> Result<(), Failed> {
    let url = args.database.url()?;
    let db = Db::open(&url, Wait::No).await?;
    let before = db.migrations().await?;
    let pending = before.iter().filter(|migration| migration.state == State::Pending).count();
    let result = match args.action.unwrap_or(Action::Run) {
        Action::Run => {
            db.migrate().await?;
            seed::run(&db).await?;
            printer.note(&match pending {
                0 => format!("{url} is up to date."),
                1 => format!("Applied 1 migration to {url}."),
                many => format!("Applied {many} migrations to {url}."),
            });
            Ok(())
        }
        Action::Status => {
            printer.value(&before, |all| listed(all), |all| all.iter().map(|one| one.version.to_string()).collect())
        }
        Action::Check => match before.iter().find(|migration| migration.state != State::Applied) {
            None => {
                printer.note(&format!("{url} is up to date."));
                Ok(())
            }
            Some(migration) if migration.state == State::Unknown => Err(Failed::with_code(
                Code::Conflict,
                format!("{url} is at migration {}, which this mkt does not know. Run a newer mkt.", migration.version),
            )),
            Some(_) => Err(Failed::new(format!("{url} lacks {pending} of {} migrations.", before.len()))
                .hint("Apply them with: mkt migrate")),
        },
    };
    db.close().await;
    result
}

fn listed(migrations: &[MigrationState]) -> String {
    let state = |state| match state {
        State::Applied => "applied",
        State::Pending => "pending",
        State::Unknown => "unknown",
    };
    table(
        &["VERSION", "NAME", "STATE"],
        migrations.iter().map(|one| vec![one.version.to_string(), one.name.clone(), state(one.state).into()]),
    )
}
