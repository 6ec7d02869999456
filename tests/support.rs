//! What tests share: databases of their own, servers on free ports, the command line without the machine's settings.

pub mod cable;
mod cluster;
mod command;
mod database;
mod home;
mod manifest;
mod person;
mod provider;
mod proxy;
mod registry;
mod server;
pub mod stage;
mod terminal;

pub use cluster::Cluster;
pub use command::{Case, Ran, bare, mkt};
pub use database::Database;
pub use home::Home;
pub use manifest::Manifest;
pub use person::{Person, granted};
pub use provider::{Browser, Provider, query, register};
pub use proxy::Proxy;
pub use registry::{ALEX, ROBIN, Registry};
pub use server::{ADMIN_TOKEN, SECRET_KEY, Server};
pub use stage::Stage;
pub use terminal::converse;

/// Runs each test on SQLite and on PostgreSQL: `on_both! { async fn name(database: Database) { … } }`.
macro_rules! on_both {
    ($($(#[$attribute:meta])* async fn $name:ident($database:ident: Database) $body:block)+) => {
        $(
            $(#[$attribute])*
            mod $name {
                #[allow(unused_imports)]
                use super::*;

                async fn body($database: Database) $body

                #[tokio::test]
                async fn sqlite() {
                    body(Database::sqlite()).await;
                }

                #[tokio::test]
                async fn postgres() {
                    body(Database::postgres()).await;
                }
            }
        )+
    };
}
pub(crate) use on_both;
pub(crate) use stage::on_stage;
