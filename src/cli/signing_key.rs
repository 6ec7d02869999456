//! `mkt signing-key`

use std::path::PathBuf;

use clap::Subcommand;

use super::error::{Code, Failed};
use super::output::{Printer, table};
use super::storage::{DatabaseArgs, secret_key};
use crate::core::clock;
use crate::core::db::{Db, Wait};
use crate::core::signing::{self, KeyState};

/// Keys that the marketplace signs sessions with: see them, have another take over, or end what one has signed
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,

    #[command(flatten)]
    database: DatabaseArgs,

    /// A file with the marketplace's secret key; MKT_SECRET_KEY holds the key itself
    #[arg(long, env = "MKT_SECRET_KEY_FILE", value_name = "FILE", global = true)]
    secret_key_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all keys, the newest first
    List,
    /// Have a new key sign from now on; what the others signed stays good
    Rotate,
    /// Have all that a key signed hold no longer, and a new key sign if it was the one that does
    Revoke {
        /// The key's id
        id: String,
    },
}

pub async fn run(args: Args, printer: &Printer) -> Result<(), Failed> {
    let url = args.database.url()?;
    let key = secret_key(args.secret_key_file.as_deref(), &url)?;
    let db = Db::open(&url, Wait::No).await?.with_secret_key(&key)?;
    let result = act(&db, args.action, printer).await;
    db.close().await;
    result
}

async fn act(db: &Db, action: Action, printer: &Printer) -> Result<(), Failed> {
    match action {
        Action::List => {
            let keys = signing::list(db).await?;
            printer.value(&keys, |keys| listed(keys), |keys| keys.iter().map(|key| key.id.clone()).collect())
        }
        Action::Rotate => {
            let tx = db.begin().await?;
            let id = signing::rotate(&tx, clock::now()).await?;
            tx.commit().await?;
            printer.note("Another key signs from now on. Servers that run know within a second.");
            printer.data(&id)
        }
        Action::Revoke { id } => {
            let tx = db.begin().await?;
            if !signing::revoke(&tx, &id, clock::now()).await? {
                let message = format!("There is no key {id} that holds.");
                return Err(Failed::with_code(Code::NotFound, message).hint("See them with: mkt signing-key list"));
            }
            tx.commit().await?;
            printer.note("All that it signed holds no longer.");
            Ok(())
        }
    }
}

fn listed(keys: &[KeyState]) -> String {
    let row = |key: &KeyState| {
        let state = match (key.revoked_at, key.signs) {
            (Some(_), _) => "revoked",
            (None, true) => "signs",
            (None, false) => "checks",
        };
        vec![key.id.clone(), state.to_owned(), key.created_at.to_string()]
    };
    table(&["ID", "STATE", "CREATED"], keys.iter().map(row))
}
