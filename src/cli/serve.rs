//! `mkt serve`

use std::net::SocketAddr;
use std::path::PathBuf;

use url::Url;

use super::checks::CheckArgs;
use super::daemon::{LogArgs, listen, stop_signal};
use super::error::{Code, Failed};
use super::global::secret;
use super::limits::LimitArgs;
use super::output::Printer;
use super::storage::{DatabaseArgs, FilesArgs, secret_key};
use crate::core::access::administrator;
use crate::core::db::{Db, Wait};
use crate::core::field::Email;
use crate::core::review::Requirements;
use crate::core::secret::Secret;
use crate::core::{clock, demo, seed};
use crate::server::{Proxy, Server, Settings, WebOrigin};

/// Serve the marketplace: API, WebSocket and web interface. Creates and migrates its database by itself
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The address to listen on; port 0 takes a free one. PORT alone works too and listens on all addresses
    /// [default: 127.0.0.1:3000]
    #[arg(long, env = "MKT_LISTEN", value_name = "ADDR")]
    listen: Option<SocketAddr>,

    #[command(flatten)]
    database: DatabaseArgs,

    #[command(flatten)]
    files: FilesArgs,

    /// Fill an empty marketplace with a small fictional catalogue to look at
    #[arg(long, env = "MKT_DEMO")]
    demo: bool,

    /// Where clients reach the marketplace [default: where their requests say]
    #[arg(long, env = "MKT_PUBLIC_URL", value_name = "URL")]
    public_url: Option<Url>,

    /// Where the web interface is, if that is elsewhere than beside the API at /ui/
    #[arg(long, env = "MKT_UI_URL", value_name = "URL")]
    ui_url: Option<Url>,

    /// What the marketplace is called
    #[arg(long, env = "MKT_TITLE", default_value = "Marketplace")]
    title: String,

    /// A file with the key that secrets are derived from; MKT_SECRET_KEY holds the key itself. Required for PostgreSQL,
    /// else made once and kept beside the database
    #[arg(long, env = "MKT_SECRET_KEY_FILE", value_name = "FILE")]
    secret_key_file: Option<PathBuf>,

    /// A file with the token of the first administrator; MKT_ADMIN_TOKEN holds the token itself [default: one is made and
    /// printed]
    #[arg(long, env = "MKT_ADMIN_TOKEN_FILE", value_name = "FILE")]
    admin_token_file: Option<PathBuf>,

    /// Mail addresses of administrators: whoever signs in with one that the identity provider has verified
    #[arg(long, env = "MKT_ADMIN_EMAILS", value_name = "ADDRESS", value_delimiter = ',', value_parser = address)]
    admin_emails: Vec<Email>,

    /// Let anybody follow the catalogue's events, without a token
    #[arg(long, env = "MKT_ANONYMOUS_EVENTS", value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    anonymous_events: bool,

    /// For how many days events are kept, for those who come back and want what they missed
    #[arg(long, env = "MKT_EVENTS_DAYS", value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=3650))]
    events_days: u32,

    /// How many events are kept at most
    #[arg(long, env = "MKT_EVENTS_KEPT", value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1000..))]
    events_kept: u32,

    /// Have servers on one PostgreSQL wake one another by LISTEN and NOTIFY; else they look for themselves each second. For
    /// poolers that don't pass it on
    #[arg(long, env = "MKT_NOTIFY", value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    notify: bool,

    /// Let owners publish their products without a role that permits it
    #[arg(long, env = "MKT_SELF_PUBLISHING", value_name = "BOOL", default_value_t = false, action = clap::ArgAction::Set)]
    self_publishing: bool,

    /// Require that somebody has validated a build who did not submit it, before it is published
    #[arg(long, env = "MKT_REQUIRE_REVIEW", value_name = "BOOL", default_value_t = false, action = clap::ArgAction::Set)]
    require_review: bool,

    /// Publish only packages whose manifests have no warnings
    #[arg(long, env = "MKT_REQUIRE_STRICT", value_name = "BOOL", default_value_t = false, action = clap::ArgAction::Set)]
    require_strict: bool,

    #[command(flatten)]
    check: CheckArgs,

    /// Addresses or networks of proxies whose Forwarded headers are believed
    #[arg(long, env = "MKT_TRUSTED_PROXIES", value_name = "NET", value_delimiter = ',')]
    trusted_proxies: Vec<Proxy>,

    /// Web origins that may call the API [default: any]
    #[arg(long, env = "MKT_CORS_ORIGINS", value_name = "ORIGIN", value_delimiter = ',')]
    cors_origins: Vec<WebOrigin>,

    #[command(flatten)]
    limits: LimitArgs,

    #[command(flatten)]
    log: LogArgs,
}

/// A mail address in a list, where blanks around it are forgiven.
fn address(text: &str) -> Result<Email, String> {
    text.trim().parse()
}

/// The token does everything, so it must not be guessed.
const SHORTEST_TOKEN: usize = 16;

pub async fn run(args: Args, printer: &Printer) -> Result<(), Failed> {
    args.log.start()?;
    let url = args.database.url()?;
    let key = secret_key(args.secret_key_file.as_deref(), &url)?;
    let configured = secret("MKT_ADMIN_TOKEN", args.admin_token_file.as_deref())?;
    if configured.as_ref().is_some_and(|token| token.expose().len() < SHORTEST_TOKEN) {
        let message = format!("The administrator's token is shorter than {SHORTEST_TOKEN} characters.");
        return Err(Failed::with_code(Code::Usage, message).hint("Make one with: openssl rand -hex 32"));
    }
    let check = args.check.check()?;
    let made = configured.is_none();
    let admin_token = administrator::token(configured, &key);
    let settings = Settings {
        listen: listen(args.listen)?,
        public_url: args.public_url,
        ui_url: args.ui_url,
        title: args.title,
        trusted_proxies: args.trusted_proxies,
        cors_origins: args.cors_origins,
        anonymous_events: args.anonymous_events,
        self_publishing: args.self_publishing,
        requires: Requirements { review: args.require_review, check: check.is_some(), strict: args.require_strict },
        check,
        admin_token: admin_token.clone(),
        admin_emails: args.admin_emails,
        limits: args.limits.limits(),
        events_days: args.events_days,
        events_kept: args.events_kept,
    };
    let files = args.files.open(&url)?;
    let stop = stop_signal()?;
    tokio::pin!(stop);
    let db = tokio::select! {
        db = open(&url, &key, args.demo) => db?,
        () = &mut stop => return Ok(()),
    };
    let db = if args.notify { db } else { db.without_notify() };
    let server = Server::bind(db.clone(), files, settings).await?;
    if made && !administrator::exists(&db, clock::now()).await? {
        printer.note(&format!(
            "Nobody is an administrator yet. Until somebody is, this token may do everything:\n\n  export MKT_TOKEN={}\n",
            admin_token.expose()
        ));
    }
    tracing::info!(database = %url, "listening on http://{}", server.address()?);
    let (started, stopping) = tokio::sync::oneshot::channel();
    let serving = server.run(async { drop(stopping.await) });
    tokio::pin!(serving);
    tokio::select! {
        () = &mut serving => return Ok(()),
        () = stop => drop(started.send(())),
    }
    serving.await;
    Ok(())
}

/// The database, migrated and seeded.
async fn open(url: &crate::core::db::DatabaseUrl, key: &Secret, with_demo: bool) -> Result<Db, Failed> {
    let db = Db::open(url, Wait::Forever).await?.with_secret_key(key)?;
    db.migrate().await?;
    seed::run(&db).await?;
    if with_demo && demo::run(&db).await? {
        tracing::info!("filled the empty marketplace with a demonstration");
    }
    Ok(db)
}
